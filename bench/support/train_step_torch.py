"""PyTorch's side of the train-step benchmark: python train_step_torch.py NETWORKS BATCH WIDTHS...

Announces itself with a line of JSON, then answers each line of stdin, "STEPS THREADS", with the milliseconds of
every step. One step is forward, backward and Adam of NETWORKS multilayer perceptrons as batched products.
"""
import json
import math
import sys
import time

import torch

networks, batch, *widths = map(int, sys.argv[1:])
torch.manual_seed(0)
weights = []
for k, n in zip(widths, widths[1:]):
    weights.append(torch.nn.Parameter(torch.randn(networks, k, n) / math.sqrt(k)))
    weights.append(torch.nn.Parameter(torch.zeros(networks, 1, n)))
x = torch.randn(networks, batch, widths[0])
y = torch.randn(networks, batch, widths[-1])
try:
    optimizer = torch.optim.Adam(weights, lr=1e-3, fused=True)
    kind = "fused"
except (RuntimeError, TypeError, ValueError):
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    kind = "default"
constant = widths[-1] * math.log(2 * math.pi)


def step():
    h = x
    for i in range(0, len(weights), 2):
        h = torch.baddbmm(weights[i + 1], h, weights[i])
        if i + 2 < len(weights):
            h = torch.relu(h)
    loss = (((y - h).square().sum(-1) + constant) * 0.5).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss


print(json.dumps({"version": torch.__version__, "adam": kind}), flush=True)
for line in sys.stdin:
    steps, threads = map(int, line.split())
    torch.set_num_threads(threads)
    times = []
    for _ in range(steps):
        before = time.perf_counter()
        loss = step()
        times.append((time.perf_counter() - before) * 1e3)
    print(json.dumps({"times": times, "loss": loss.item()}), flush=True)
