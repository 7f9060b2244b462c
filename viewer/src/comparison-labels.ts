import * as three from 'three';
import type { ComparedPolicy } from '../../src/stream/wire.ts';
import { policyTag } from './comparison.ts';
import { element } from './dom.ts';
import type { Page, View } from './page.ts';

/** The names of the policies that are compared, each behind its own table. */
export class ComparisonLabels implements View {
  readonly root = element('div', { class: 'policy-names' });
  #labels: readonly { readonly at: three.Vector3; readonly label: HTMLElement }[] = [];

  attach({ feed, stage }: Page): void {
    feed.scene.subscribe((scene) => {
      this.#labels = (scene?.policies ?? []).map((policy, i) => ({
        at: farEdge(policy),
        label: element('div', { title: policy.description }, policyTag(i), policy.name),
      }));
      this.root.replaceChildren(...this.#labels.map(({ label }) => label));
      stage.invalidate();
    });
    const point = new three.Vector3();
    stage.onBeforeDraw(() => {
      const { camera } = stage;
      if (this.#labels.length > 0) camera.updateMatrixWorld();
      const { clientHeight, clientWidth } = stage.renderer.domElement;
      for (const { at, label } of this.#labels) {
        point.copy(at).project(camera);
        label.hidden = point.z > 1;
        const [x, y] = [(0.5 + 0.5 * point.x) * clientWidth, (0.5 - 0.5 * point.y) * clientHeight];
        label.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -120%)`;
      }
      return false;
    });
  }
}

/** The middle of the edge that is farthest from the robot. */
function farEdge({ bounds: [minX, , maxX, maxY] }: ComparedPolicy): three.Vector3 {
  return new three.Vector3((minX + maxX) / 2, maxY, 0);
}
