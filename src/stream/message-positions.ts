import { fstatSync, readSync } from 'node:fs';

/** Opcodes of MCAP records (https://mcap.dev/spec#records). */
const MESSAGE = 0x05;
const CHUNK = 0x06;
/** Bytes that a file begins with. */
const MAGIC_BYTES = 8;
/** u8 opcode, u64 length. */
const RECORD_HEADER_BYTES = 9;
/** u16 channel, u32 sequence, u64 log time, u64 publish time. */
const MESSAGE_HEADER_BYTES = 22;
/** u64 first time, u64 last time, u64 uncompressed size, u32 CRC, u32 length of the name of the compression. */
const CHUNK_HEADER_BYTES = 32;
/** Bytes read at a time. */
const WINDOW_BYTES = 256 * 1024;

/** Where the data of a message lies in a file. */
export interface MessagePosition {
  /** Nanoseconds. */
  readonly logTime: bigint;
  readonly position: number;
  readonly byteLength: number;
}

/**
 * Finds where the messages of some channels lie in an MCAP file, so that they can be read when they are wanted. Chunks must not
 * be compressed; messages of those that are, and of a last record that is cut off, are not found.
 *
 * @param file - an open file that a reader of the format has found to be whole up to its end.
 */
export function findMessages(file: number, channelIds: ReadonlySet<number>): MessagePosition[] {
  const window = new FileWindow(file);
  const found: MessagePosition[] = [];
  const walk = (begin: number, end: number): void => {
    for (let at = begin; at + RECORD_HEADER_BYTES <= end; ) {
      const header = window.view(at, RECORD_HEADER_BYTES);
      if (header === null) return;
      const opcode = header.getUint8(0);
      const length = Number(header.getBigUint64(1, true));
      const content = at + RECORD_HEADER_BYTES;
      if (content + length > end) return;
      if (opcode === MESSAGE && length >= MESSAGE_HEADER_BYTES) {
        const fields = window.view(content, MESSAGE_HEADER_BYTES);
        if (fields !== null && channelIds.has(fields.getUint16(0, true))) {
          found.push({
            logTime: fields.getBigUint64(6, true),
            position: content + MESSAGE_HEADER_BYTES,
            byteLength: length - MESSAGE_HEADER_BYTES,
          });
        }
      } else if (opcode === CHUNK && length >= CHUNK_HEADER_BYTES + 8) {
        const compression = window.view(content, CHUNK_HEADER_BYTES)?.getUint32(28, true) ?? 0;
        // the length of the records follows the name, which is empty here
        if (compression === 0) walk(content + CHUNK_HEADER_BYTES + 8, content + length);
      }
      at = content + length;
    }
  };
  walk(MAGIC_BYTES, window.size());
  return found;
}

/** Reads small pieces of a file, near each other, with few calls. */
class FileWindow {
  readonly #file: number;
  readonly #bytes = new Uint8Array(WINDOW_BYTES);
  #begin = 0;
  #length = 0;

  constructor(file: number) {
    this.#file = file;
  }

  /** The length of the file, bytes. */
  size(): number {
    return fstatSync(this.#file).size;
  }

  /** The bytes at a place; null where the file does not have them. Good until the next call. */
  view(position: number, byteLength: number): DataView | null {
    if (position < this.#begin || position + byteLength > this.#begin + this.#length) {
      this.#begin = position;
      this.#length = readSync(this.#file, this.#bytes, 0, WINDOW_BYTES, position);
      if (this.#length < byteLength) return null;
    }
    return new DataView(this.#bytes.buffer, position - this.#begin, byteLength);
  }
}
