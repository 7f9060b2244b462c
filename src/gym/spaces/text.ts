import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { chooseIndex } from './choose-index.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, SpaceJson } from './space.ts';

/** The letters and digits that a {@link Text} is made of unless told otherwise. */
export const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** What a {@link Text} is built from. */
export interface TextOptions {
  /** Longest member, in characters. */
  readonly maxLength: number;
  /** Shortest member; 1 where left out. */
  readonly minLength?: number;
  /** The characters that members are made of, each once; letters and digits where left out. */
  readonly charset?: string;
}

/**
 * The strings of bounded length over a set of characters, after Gymnasium's `Text`. A mask or probability to sample
 * with is `[length, characters]`: a length or null, and one entry per character of `charset` or null.
 */
export class Text extends SeededSpace<string> {
  readonly shape: readonly number[] = [];
  readonly maxLength: number;
  readonly minLength: number;
  readonly charset: string;
  /** The characters in order; a character beyond the basic plane is one. */
  readonly characters: readonly string[];
  readonly #known: ReadonlySet<string>;

  /** @throws SpaceError when the lengths are not whole numbers in order, or the characters are none or repeat. */
  constructor(options: TextOptions) {
    super();
    this.maxLength = options.maxLength;
    this.minLength = options.minLength ?? 1;
    this.charset = options.charset ?? ALPHANUMERIC;
    this.characters = [...this.charset];
    this.#known = new Set(this.characters);
    const lengths = [this.minLength, this.maxLength];
    if (!lengths.every((n) => Number.isSafeInteger(n) && n >= 0) || this.minLength > this.maxLength) {
      throw new SpaceError({
        what: 'The lengths of a Text space are not whole numbers in order',
        found: `minLength ${this.minLength}, maxLength ${this.maxLength}`,
        expected: '0 ≤ minLength ≤ maxLength',
      });
    }
    if (this.#known.size !== this.characters.length || this.characters.length === 0) {
      throw new SpaceError({
        what: 'The characters of a Text space are none or repeat',
        where: 'charset',
        found: JSON.stringify(this.charset),
      });
    }
  }

  protected draw(rng: Rng, options: SampleOptions): string {
    const kind = options.mask === undefined ? 'probability' : 'mask';
    const parts = options[kind] ?? [null, null];
    const [wanted, weights] = Array.isArray(parts) && parts.length === 2 ? parts : [undefined, undefined];
    const length = wanted ?? this.minLength + rng.integer(this.maxLength - this.minLength + 1);
    if (wanted === undefined || !this.#isLength(length)) {
      throw new SpaceError({
        what: 'The mask or probability of a Text space does not fit',
        found: JSON.stringify(parts),
        expected: `[a length from ${this.minLength} to ${this.maxLength} or null; one entry per character or null]`,
      });
    }
    const draw = () => this.characters[chooseIndex(rng, this.characters.length, { [kind]: weights })];
    return Array.from({ length }, draw).join('');
  }

  #isLength(length: unknown): length is number {
    return (
      Number.isSafeInteger(length) && Number(length) >= this.minLength && Number(length) <= this.maxLength
    );
  }

  explain(value: unknown): string | null {
    if (typeof value !== 'string') return `expected a string, found ${String(value)}`;
    const characters = [...value];
    if (!this.#isLength(characters.length)) {
      return `expected ${this.minLength} to ${this.maxLength} characters, found ${characters.length}`;
    }
    const at = characters.findIndex((character) => !this.#known.has(character));
    return at < 0 ? null : `index ${at}: ${JSON.stringify(characters[at])} is not in the charset`;
  }

  toJSON(): SpaceJson {
    const { maxLength, minLength, charset } = this;
    return { type: 'Text', max_length: maxLength, min_length: minLength, charset };
  }

  /** Rebuilds a space from Minari's form. @throws SpaceError when a field is missing or does not fit. */
  static fromJSON({ max_length, min_length, charset }: SpaceJson): Text {
    return new Text({
      maxLength: Number(max_length),
      ...(min_length === undefined ? {} : { minLength: Number(min_length) }),
      ...(charset === undefined ? {} : { charset: String(charset) }),
    });
  }
}
