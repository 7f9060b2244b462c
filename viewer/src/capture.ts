import { element, iconButton } from './dom.ts';
import type { Page, View } from './page.ts';

const CAMERA = 'M4 8h3l2-3h6l2 3h3v11H4zM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7';
const RECORD = 'M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14M12 12l.01 0';
const FRAMES_PER_SECOND = 30;
/** Rate of a video, bits per second: thin trails need more than faces. */
const VIDEO_BITS = 8_000_000;
/** A video ends by itself after this time, milliseconds: it is held in memory until then. */
const LONGEST_VIDEO_MS = 300_000;
/** An address of a file is given back this long after its download has begun, milliseconds. */
const RELEASE_MS = 10_000;

/** Keeps what is to be seen: a picture as PNG, or a video as WebM. */
export class Capture implements View {
  readonly #picture = iconButton('picture', 'Picture as PNG (I)', CAMERA);
  readonly #video = iconButton('video', 'Video as WebM (V)', RECORD);
  #recorder: MediaRecorder | null = null;

  attach(page: Page): void {
    const picture = () => this.#takePicture(page);
    const video = () => this.#toggleVideo(page);
    this.#picture.addEventListener('click', picture);
    this.#video.addEventListener('click', video);
    page.tools.prepend(this.#picture, this.#video);
    page.shortcuts.add(
      { key: 'i', label: 'I', does: 'save the picture as PNG', run: picture },
      { key: 'v', label: 'V', does: 'record a video as WebM, end it', run: video },
    );
  }

  #takePicture(page: Page): void {
    page.stage.drawFor((canvas) =>
      canvas.toBlob((blob) => {
        if (blob === null) page.say('The picture cannot be saved.');
        else download(blob, `${fileName(page)}.png`);
      }, 'image/png'),
    );
  }

  #toggleVideo(page: Page): void {
    if (this.#recorder !== null) {
      this.#recorder.stop();
      return;
    }
    if (typeof MediaRecorder === 'undefined') {
      page.say('This browser cannot record videos.');
      return;
    }
    const type = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm'].find((candidate) =>
      MediaRecorder.isTypeSupported(candidate),
    );
    if (type === undefined) {
      page.say('This browser cannot record WebM.');
      return;
    }
    const stream = page.stage.renderer.domElement.captureStream(FRAMES_PER_SECOND);
    const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: VIDEO_BITS });
    const parts: Blob[] = [];
    const name = fileName(page);
    recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
    recorder.addEventListener('error', () => page.say('The video had to be ended.'));
    recorder.addEventListener('stop', () => {
      clearTimeout(end);
      for (const track of stream.getTracks()) track.stop();
      this.#show(null);
      download(new Blob(parts, { type: 'video/webm' }), `${name}.webm`);
    });
    const end = setTimeout(() => recorder.stop(), LONGEST_VIDEO_MS);
    recorder.start();
    this.#show(recorder);
    // a picture that stands still is in the video too
    page.stage.invalidate();
  }

  #show(recorder: MediaRecorder | null): void {
    this.#recorder = recorder;
    this.#video.setAttribute('aria-pressed', String(recorder !== null));
    document.body.dataset.video = recorder === null ? 'off' : 'on';
  }
}

/** A name that says what is shown, and when in it. */
function fileName({ feed, playback }: Page): string {
  const seconds = playback.state.value?.position ?? 0;
  return `${feed.scene.value?.env ?? 'modewise'}-${seconds.toFixed(2)}s`;
}

function download(blob: Blob, name: string): void {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), RELEASE_MS);
}
