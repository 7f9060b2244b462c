import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';

/** Says why the browser tests cannot run here; null when they can. */
export function browserMissing(): string | null {
  return existsSync(EXECUTABLE) ? null : `there is no Chromium at ${EXECUTABLE}`;
}

/** Starts a headless Chromium that opens no connection of its own. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
