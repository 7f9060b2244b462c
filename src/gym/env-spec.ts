import { ConfigError } from '../errors.ts';

/** Arguments of an environment's or a wrapper's constructor, as plain JSON. */
export type EnvKwargs = Readonly<Record<string, unknown>>;

/** A wrapper around the environment that the default stack does not have. */
export interface WrapperSpec {
  /** Name of the wrapper's class, as registered. */
  readonly name: string;
  /** Its arguments; null where they are no JSON (a function), so that it cannot be made again. */
  readonly kwargs: EnvKwargs | null;
}

/** The fields of an {@link EnvSpec}. */
export interface EnvSpecFields {
  /** `(namespace/)Name-vN`. */
  readonly id: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly version: number;
  /** One sentence for listings. */
  readonly description: string;
  /** Steps after which `TimeLimit` truncates; null for no limit. */
  readonly maxEpisodeSteps: number | null;
  /** Whether `make` wraps in `OrderEnforcing`. */
  readonly orderEnforce: boolean;
  /** Whether `make` leaves out `PassiveEnvChecker`. */
  readonly disableEnvChecker: boolean;
  /** Whether the same seed and actions may give other trajectories. */
  readonly nondeterministic: boolean;
  /** Return from which the task counts as solved; null where none is stated. */
  readonly rewardThreshold: number | null;
  readonly kwargs: EnvKwargs;
  /** Wrappers around the default stack, innermost first. */
  readonly additionalWrappers: readonly WrapperSpec[];
}

const idForm = /^(?:(?<namespace>[\w:-]+)\/)?(?<name>[\w:.-]+?)(?:-v(?<version>\d+))?$/;

/** The parts of `(namespace/)Name-vN`; the version is null where it is left out. */
export interface ParsedId {
  readonly namespace: string | null;
  readonly name: string;
  readonly version: number | null;
}

/** Splits an id into its parts; null when it is malformed. */
export function parseId(id: string): ParsedId | null {
  const groups = idForm.exec(id)?.groups;
  if (groups?.name === undefined) return null;
  const version = groups.version === undefined ? null : Number(groups.version);
  return { namespace: groups.namespace ?? null, name: groups.name, version };
}

type Check = readonly [expected: string, fits: (value: unknown) => boolean];

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Check = ['a string', (value) => typeof value === 'string'];
const flag: Check = ['true or false', (value) => typeof value === 'boolean'];
const number: Check = ['a number or null', (value) => value === null || Number.isFinite(value)];
const limit: Check = [
  'a whole number of at least 1, or null',
  (value) => value === null || (Number.isSafeInteger(value) && (value as number) >= 1),
];

const optionalFields: Readonly<Record<string, Check>> = {
  description: text,
  maxEpisodeSteps: limit,
  orderEnforce: flag,
  disableEnvChecker: flag,
  nondeterministic: flag,
  rewardThreshold: number,
  kwargs: ['an object', isObject],
  additionalWrappers: [
    'a list of {name, kwargs}',
    (value) =>
      Array.isArray(value) &&
      value.every(
        (wrapper) =>
          isObject(wrapper) &&
          'name' in wrapper &&
          typeof wrapper.name === 'string' &&
          'kwargs' in wrapper &&
          (wrapper.kwargs === null || isObject(wrapper.kwargs)),
      ),
  ],
};

/**
 * Facts about a registered environment: what it takes to make the same one again, after Gymnasium's `EnvSpec`. It is
 * plain data and survives JSON.
 *
 * @example
 * const text = JSON.stringify(env.spec);
 * const again = await make(EnvSpec.fromJSON(text));
 */
export class EnvSpec implements EnvSpecFields {
  readonly id: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly maxEpisodeSteps: number | null;
  readonly orderEnforce: boolean;
  readonly disableEnvChecker: boolean;
  readonly nondeterministic: boolean;
  readonly rewardThreshold: number | null;
  readonly kwargs: EnvKwargs;
  readonly additionalWrappers: readonly WrapperSpec[];

  /** @throws ConfigError when the id is not of the form `(namespace/)Name-vN`. */
  constructor(fields: Partial<EnvSpecFields> & Pick<EnvSpecFields, 'id'>) {
    const parsed = parseId(fields.id);
    if (parsed === null || parsed.version === null) {
      throw new ConfigError({
        what: 'An environment id is malformed',
        where: 'id',
        found: `'${fields.id}'`,
        expected: "(namespace/)Name-vN, e.g. 'Avoiding-v0'",
      });
    }
    this.id = fields.id;
    this.namespace = parsed.namespace;
    this.name = parsed.name;
    this.version = parsed.version;
    this.description = fields.description ?? '';
    this.maxEpisodeSteps = fields.maxEpisodeSteps ?? null;
    this.orderEnforce = fields.orderEnforce ?? true;
    this.disableEnvChecker = fields.disableEnvChecker ?? false;
    this.nondeterministic = fields.nondeterministic ?? false;
    this.rewardThreshold = fields.rewardThreshold ?? null;
    this.kwargs = fields.kwargs ?? {};
    this.additionalWrappers = fields.additionalWrappers ?? [];
  }

  /** Returns a copy with some fields replaced. */
  with(changes: Partial<Omit<EnvSpecFields, 'id' | 'namespace' | 'name' | 'version'>>): EnvSpec {
    return new EnvSpec({ ...this.toJSON(), ...changes });
  }

  /** Returns the fields as plain JSON, in which only the wrappers' and the environment's arguments vary in form. */
  toJSON(): EnvSpecFields {
    return { ...this };
  }

  /**
   * Rebuilds a spec from what `toJSON` gave, as an object or as text. Fields left out take their defaults.
   *
   * @throws ConfigError when the text is no JSON, or a field is missing, unknown or of another type.
   */
  static fromJSON(json: unknown): EnvSpec {
    const fields = typeof json === 'string' ? parse(json) : json;
    if (!isObject(fields) || !('id' in fields) || typeof fields.id !== 'string') {
      throw new ConfigError({
        what: 'This is no environment spec',
        found: (JSON.stringify(fields) ?? String(fields)).slice(0, 80),
        expected: 'an object with an id',
      });
    }
    const derived = ['id', 'namespace', 'name', 'version'];
    for (const [name, value] of Object.entries(fields)) {
      if (derived.includes(name)) continue;
      const check = Object.hasOwn(optionalFields, name) ? optionalFields[name] : undefined;
      if (check?.[1](value) === true) continue;
      throw new ConfigError({
        what: `An environment spec has ${check === undefined ? 'an unknown field' : 'a field of another type'}`,
        where: name,
        found: JSON.stringify(value) ?? String(value),
        expected: check?.[0] ?? `one of: ${[...derived, ...Object.keys(optionalFields)].join(', ')}`,
      });
    }
    return new EnvSpec(fields as EnvSpecFields);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError({ what: 'An environment spec is no JSON', found: String(error) }, { cause: error });
  }
}
