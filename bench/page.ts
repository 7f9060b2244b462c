/**
 * What the page costs a browser: 480 rollouts with their trails at 28.6 frames a second, headless Chromium, software GL.
 *
 * `frameMilliseconds` is the time of the page's JavaScript for one frame of the stream: what the message costs
 * (`messageMilliseconds`) and what the picture costs, submitting the draw calls included (`pictureMilliseconds`). The GPU,
 * here a program on the same cores, works in a process of its own and is not in it; it decides how many pictures there are. To
 * stay below 8. All are medians of wall time, so other load on the machine is in them.
 * `firstPictureMilliseconds` is from the navigation to the end of the first picture with rollouts in it; to stay below 3000.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { startStreamServer } from '../src/stream/server.ts';
import { browserMissing, launchChromium } from '../test/browser/chromium.ts';
import { FakeRollouts } from '../test/browser/fake-rollouts.ts';
import { type Benchmark, median, round3 } from './support/benchmark.ts';

const ROLLOUTS = 480;
/** Steps before the page is opened: all trails are there. */
const STEPS_BEFORE = 140;
const FRAME_MS = 35;
const SECONDS = 12;

/** What the script in the page has measured. */
interface Measured {
  readonly pictures: readonly number[];
  readonly messages: readonly number[];
  readonly firstPicture: number;
}

/** Runs in the page before its own scripts: times what is done for every picture, and for every message. */
const stopwatch = `
  window.measured = { pictures: [], messages: [], firstPicture: NaN };
  const timed = (run) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  const ask = window.requestAnimationFrame.bind(window);
  let picture = NaN;
  window.requestAnimationFrame = (callback) => ask((time) => {
    const spent = timed(() => callback(time));
    // several callbacks may belong to one picture
    if (time === picture) measured.pictures[measured.pictures.length - 1] += spent;
    else measured.pictures.push(spent);
    picture = time;
    if (Number.isNaN(measured.firstPicture) && document.body.dataset.frame !== undefined)
      measured.firstPicture = performance.now();
  });
  const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
  Object.defineProperty(WebSocket.prototype, 'onmessage', {
    set(handler) {
      set.call(this, (event) => { measured.messages.push(timed(() => handler.call(this, event))); });
    },
  });
`;

async function measure(isolated: boolean): Promise<Measured> {
  const page = join(import.meta.dirname, '../dist/viewer');
  const server = await startStreamServer({ port: 0, page });
  const rollouts = new FakeRollouts(server, ROLLOUTS, 3);
  for (let step = 0; step < STEPS_BEFORE; step++) rollouts.step();
  const browser = await launchChromium();
  try {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await tab.addInitScript(stopwatch);
    await tab.goto(`${server.url}#color=expert${isolated ? '&rollout=5' : ''}`);
    await tab.waitForSelector(`body[data-frame]`);
    rollouts.start(FRAME_MS);
    // the first pictures compile shaders
    await tab.waitForTimeout(3000);
    await tab.evaluate('measured.pictures = []; measured.messages = []');
    await tab.waitForTimeout(1000 * SECONDS);
    return (await tab.evaluate('measured')) as Measured;
  } finally {
    rollouts.stop();
    await browser.close();
    await server.close();
  }
}

function figures({ firstPicture, messages, pictures }: Measured) {
  const [message, picture] = [median(messages), median(pictures)];
  const late = pictures.toSorted((a, b) => a - b)[Math.floor(0.95 * (pictures.length - 1))];
  return {
    frameMilliseconds: round3(message + picture),
    messageMilliseconds: round3(message),
    pictureMilliseconds: round3(picture),
    pictureMillisecondsP95: round3(late ?? Number.NaN),
    picturesPerSecond: round3(pictures.length / SECONDS),
    firstPictureMilliseconds: round3(firstPicture),
  };
}

export const benchmark: Benchmark = {
  description:
    'the page with 480 rollouts and their trails: JavaScript per frame, and time to the first picture',

  async run(say) {
    const missing = browserMissing();
    if (missing !== null) throw new Error(missing);
    execFileSync('npx', ['vite', 'build', '--logLevel', 'warn'], { stdio: ['ignore', 'ignore', 'inherit'] });
    say(`${ROLLOUTS} rollouts, ${SECONDS} s`);
    const all = figures(await measure(false));
    say('the same with one of them isolated');
    const isolated = figures(await measure(true));
    const line = (name: string, of: typeof all) =>
      `${name} ${of.frameMilliseconds} ms of JavaScript per frame: ${of.messageMilliseconds} the message, ` +
      `${of.pictureMilliseconds} the picture (p95 ${of.pictureMillisecondsP95}); ${of.picturesPerSecond} pictures a ` +
      `second, the first after ${of.firstPictureMilliseconds} ms`;
    return {
      json: { rollouts: ROLLOUTS, seconds: SECONDS, all, isolated },
      text: [line('all:     ', all), line('isolated:', isolated)].join('\n'),
    };
  },
};
