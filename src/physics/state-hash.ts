const bits = new DataView(new ArrayBuffer(8));

/**
 * Hashes numbers by their single-precision bits into 64 bits (two lanes of MurmurHash3's 32-bit mixing with
 * different seeds, Appleby 2011, public domain). Equal states give equal digests; it resists accidents, not attacks.
 */
export class StateHash {
  #low = 0x9747b28c;
  #high = 0x3c6ef372;
  #count = 0;

  /** Adds a number, rounded to single precision; -0 and 0 differ. */
  add(value: number): this {
    bits.setFloat32(0, value);
    const word = bits.getInt32(0);
    this.#low = absorb(this.#low, word, 0xcc9e2d51, 0x1b873593);
    this.#high = absorb(this.#high, word, 0x85ebca6b, 0xc2b2ae35);
    this.#count++;
    return this;
  }

  /** Returns the hash of what was added so far, as 16 hexadecimal digits. */
  digest(): string {
    const high = finish(this.#high ^ this.#count);
    const low = finish(this.#low ^ this.#count ^ high);
    return hex(high) + hex(low);
  }
}

function absorb(lane: number, word: number, c1: number, c2: number): number {
  const k = Math.imul(word, c1);
  const mixed = lane ^ Math.imul((k << 15) | (k >>> 17), c2);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
