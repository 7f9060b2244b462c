import { PageLoop } from '../../../src/live/page-loop.ts';
import type { PageOrder, PageReport } from '../../../src/live/page-messages.ts';

/** The page's end, as a worker sees it. */
interface PageEnd {
  postMessage(report: PageReport): void;
  onmessage: ((event: MessageEvent<PageOrder>) => void) | null;
}

const page = globalThis as unknown as PageEnd;
const loop = new PageLoop({
  report: (report) => page.postMessage(report),
  clock: () => performance.now(),
});
page.onmessage = ({ data }) => loop.take(data);
