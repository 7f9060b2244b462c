import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type StreamServer, startStreamServer } from '../../src/stream/server.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { FakeRollouts } from './fake-rollouts.ts';
import { buildPage, newPage, type PageUnderTest, pageFolder, takePicture } from './page-under-test.ts';
import type { Picture } from './picture.ts';

/** How many rollouts there are, and how far they have come before the page is opened. */
export interface RolloutsPlan {
  readonly rollouts: number;
  readonly steps: number;
  readonly seed?: number;
}

/** The viewer in a browser before rollouts without physics; a server and a page of its own for every test. */
export class ViewerUnderTest {
  readonly #pictures: string;
  #browser: Browser | undefined;
  #reader: Page | undefined;
  #server: StreamServer | undefined;
  #rollouts: FakeRollouts | undefined;
  #opened: PageUnderTest | undefined;

  /**
   * @param pictures - what the names of its pictures begin with.
   */
  constructor(pictures: string) {
    this.#pictures = pictures;
  }

  get server(): StreamServer {
    return present(this.#server, 'server');
  }

  get rollouts(): FakeRollouts {
    return present(this.#rollouts, 'rollouts');
  }

  get page(): Page {
    return present(this.#opened, 'page').page;
  }

  /** What went wrong in the page. */
  get problems(): readonly string[] {
    return present(this.#opened, 'page').problems;
  }

  /** Addresses that the page asked for. */
  get requests(): readonly string[] {
    return present(this.#opened, 'page').requests;
  }

  async launch(): Promise<void> {
    buildPage();
    this.#browser = await launchChromium();
    this.#reader = await this.#browser.newPage();
  }

  /** Serves rollouts, on the port of the server before where there is one. */
  async serve({ rollouts, seed = 0, steps }: RolloutsPlan, port = 0): Promise<void> {
    this.#server = await startStreamServer({ port, page: pageFolder, clock: Date.now });
    this.#rollouts = new FakeRollouts(this.#server, rollouts, seed);
    for (let step = 0; step < steps; step++) this.#rollouts.step();
  }

  /** Opens an empty page. */
  async newPage(): Promise<void> {
    this.#opened = await newPage(present(this.#browser, 'browser'));
  }

  /** Goes to the viewer and waits until it shows the newest frame. */
  async open(hash = '', viewport?: { readonly width: number; readonly height: number }): Promise<void> {
    if (viewport !== undefined) await this.page.setViewportSize(viewport);
    await this.page.goto(this.server.url + hash);
    await this.showsNewest();
  }

  /** Waits until the page has the newest frame of the rollouts. */
  async showsNewest(): Promise<void> {
    await this.page.waitForSelector(`body[data-frame="${this.rollouts.published - 1}"]`);
  }

  /** Takes a picture once everything asked for has been drawn. */
  picture(name: string): Promise<Picture> {
    return takePicture(this.page, present(this.#reader, 'browser'), `${this.#pictures}-${name}`);
  }

  /** Ends what the test has begun. */
  async leave(): Promise<void> {
    this.#rollouts?.stop();
    await this.#opened?.page.close();
    await this.#server?.close();
    this.#opened = undefined;
  }

  async quit(): Promise<void> {
    await this.#browser?.close();
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what} yet`);
  return value;
}

/** Gives the tests of a `describe` the viewer; skips them, with the reason, where no browser is. */
export function useViewer(pictures: string, plan: RolloutsPlan): ViewerUnderTest {
  const missing = browserMissing();
  const viewer = new ViewerUnderTest(pictures);
  beforeAll(async () => {
    if (missing === null) await viewer.launch();
  });
  afterAll(() => viewer.quit());
  beforeEach(async (ctx) => {
    if (missing !== null) ctx.skip(missing);
    await viewer.serve(plan);
    await viewer.newPage();
  });
  afterEach(() => viewer.leave());
  return viewer;
}
