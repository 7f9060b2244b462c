"""Write the golden dataset beside this file with LeRobot itself.

    HF_HUB_OFFLINE=1 python write_lerobot_v3.py

Ran with lerobot 0.4.4, datasets 4.8.5, pyarrow 26 and Python 3.11. The values are exact in float32.
"""

import shutil
from pathlib import Path

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

root = Path(__file__).parent / "lerobot-v3"
shutil.rmtree(root, ignore_errors=True)
features = {
    "observation.state": {"dtype": "float32", "shape": (3,), "names": ["x", "y", "angle"]},
    "action": {"dtype": "float32", "shape": (2,), "names": ["dx", "dy"]},
    "next.success": {"dtype": "bool", "shape": (1,), "names": None},
}
dataset = LeRobotDataset.create(repo_id="golden/lerobot-v3", fps=10, features=features, root=root, robot_type="planar")
for episode, length in enumerate([4, 2, 3]):
    for t in range(length):
        dataset.add_frame(
            {
                "observation.state": np.array([episode, t / 4, -t / 8], dtype=np.float32),
                "action": np.array([t / 2, 0.1], dtype=np.float32),
                "next.success": np.array([episode != 1 and t == length - 1]),
                "task": ["push", "pull"][episode % 2],
            }
        )
    dataset.save_episode()
dataset.finalize()
