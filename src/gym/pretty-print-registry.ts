import type { EnvSpec } from './env-spec.ts';
import { list } from './registry.ts';

/** How {@link prettyPrintRegistry} lays out. */
export interface PrettyPrintOptions {
  /** Ids per line; 3 where left out. */
  readonly columns?: number;
  /** Namespaces to leave out; null is that of ids without one. */
  readonly excludeNamespaces?: readonly (string | null)[];
}

/** Lays out the ids of all registered environments in columns under their namespaces, as Gymnasium's `pprint_registry`. */
export function prettyPrintRegistry(options: PrettyPrintOptions = {}): string {
  const columns = Math.max(1, Math.floor(options.columns ?? 3));
  const groups = new Map<string | null, EnvSpec[]>();
  for (const spec of list()) {
    if (options.excludeNamespaces?.includes(spec.namespace)) continue;
    groups.set(spec.namespace, [...(groups.get(spec.namespace) ?? []), spec]);
  }
  const sections = [...groups].map(([namespace, specs]) => {
    const width = Math.max(...specs.map(({ id }) => id.length));
    const lines: string[] = [];
    for (let i = 0; i < specs.length; i += columns) {
      const row = specs.slice(i, i + columns).map(({ id }) => id.padEnd(width));
      lines.push(row.join('  ').trimEnd());
    }
    return [`===== ${namespace ?? 'environments'} =====`, ...lines].join('\n');
  });
  return sections.join('\n\n');
}
