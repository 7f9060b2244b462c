import '../styles.css';
import type { PagePolicy } from '../../../src/live/page-messages.ts';
import { CHANNELS } from '../../../src/stream/channels.ts';
import type { EpisodeMessage } from '../../../src/stream/wire.ts';
import { decodeJson } from '../connection.ts';
import { openPage } from '../open-page.ts';
import { Dragging } from './dragging.ts';
import { LocalSource } from './local-source.ts';
import InlineWorker from './worker.ts?worker&inline';

/** Set by `policy.js`, the script before this one. */
const { modewisePolicy } = globalThis as unknown as { readonly modewisePolicy: PagePolicy };

const source = new LocalSource(modewisePolicy, () => new InlineWorker());
// for whoever embeds the page: each finished episode, with its seed and the hash of its last state
source.on(CHANNELS.episode.topic, decodeJson<EpisodeMessage>, (episode) =>
  window.dispatchEvent(new CustomEvent('modewise:episode', { detail: episode })),
);
openPage(source, [new Dragging()]);
