import type { PairedOutcomes, PolicyScore, SceneFacts, ScoreMessage } from '../../src/stream/wire.ts';
import { element, setText } from './dom.ts';
import { Histogram } from './histogram.ts';
import { type Meter, meter, percent } from './meter.ts';
import type { Palette } from './palette.ts';

/** The letter that stands for a policy: A for the first. */
export function letterOf(policy: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + policy);
}

/** Makes the sign with the letter of a policy. */
export function policyTag(policy: number): HTMLElement {
  return element('i', { class: 'tag' }, letterOf(policy));
}

/** How one policy does. */
interface PolicyCard {
  readonly success: Meter;
  readonly entropy: HTMLElement;
  readonly modes: HTMLElement;
  readonly histogram: Histogram;
}

/** How one pair of policies does in the same episodes. */
interface PairRow {
  readonly root: HTMLElement;
  readonly cells: Readonly<Record<(typeof OUTCOMES)[number], HTMLElement>>;
}

const OUTCOMES = ['onlyFirst', 'onlySecond', 'both', 'neither'] as const;

/**
 * The scores of several policies below each other: success with its interval, entropy with its ceiling and the modes of each, and of every
 * two how often only one of them succeeded.
 */
export class Comparison {
  readonly root = element('div', { class: 'comparison', hidden: '' });
  readonly hint = element('div', { class: 'note hint' });
  #cards: readonly PolicyCard[] = [];
  #pairs: readonly PairRow[] = [];
  #episodes: HTMLElement | null = null;

  /** Says whether there is anything to be compared. */
  get isShown(): boolean {
    return !this.root.hidden;
  }

  /** Takes over which policies there are; `onBar` gets each bar of each histogram. */
  setFacts(facts: SceneFacts, onBar: Parameters<Histogram['setModes']>[1]): void {
    const policies = facts.policies ?? [];
    this.root.hidden = policies.length === 0;
    this.root.classList.toggle('many', policies.length > 2);
    this.#cards = policies.map(({ components, description, name }, policy) => {
      const success = meter(name, 'success', `success-value-${policy}`);
      success.root.classList.add('compared');
      success.root.dataset.policy = letterOf(policy);
      success.title.title = `${name}: ${description}`;
      success.title.prepend(policyTag(policy));
      success.mark.hidden = true;
      const histogram = new Histogram(`Successes per mode of ${letterOf(policy)}`);
      histogram.setModes(facts.modes, (bar, mode, describe) =>
        onBar(bar, mode, () => `${letterOf(policy)}, ${describe()}`),
      );
      const entropy = element('span', { class: 'entropy-value' });
      const modes = element('span', { class: 'modes-value' });
      success.root.append(element('div', { class: 'note split' }, entropy, modes), histogram.root);
      success.root.dataset.components = String(components);
      return { success, entropy, modes, histogram };
    });
    this.#pairs = policies.flatMap((_, first) =>
      policies.slice(first + 1).map((__, more) => pairRow(first, first + 1 + more)),
    );
    this.#episodes = element('span', { class: 'note', id: 'paired-episodes' });
    const pairs = element(
      'section',
      { class: 'card pairs' },
      element('header', {}, element('h2', {}, 'Same episodes'), this.#episodes),
      element(
        'table',
        {},
        element(
          'thead',
          {},
          element('tr', {}, ...['', '1st only', '2nd only', 'both', 'neither'].map(heading)),
        ),
        element('tbody', {}, ...this.#pairs.map(({ root }) => root)),
      ),
    );
    this.root.replaceChildren(...this.#cards.map(({ success }) => success.root), this.hint, pairs);
    this.setScore(null);
  }

  /** Shows the scores; null while there are none. */
  setScore(score: ScoreMessage | null): void {
    const comparison = score?.comparison ?? null;
    const most = Math.max(1, ...(comparison?.policies.flatMap(({ modes }) => modes.counts) ?? []));
    this.#cards.forEach((card, policy) => {
      showPolicy(card, comparison?.policies[policy] ?? null, most);
    });
    this.#pairs.forEach(({ cells }, i) => {
      const pair: PairedOutcomes | undefined = comparison?.pairs[i];
      for (const outcome of OUTCOMES)
        setText(cells[outcome], pair === undefined ? '–' : String(pair[outcome]));
    });
    const episodes = comparison?.policies[0]?.rollouts ?? 0;
    if (this.#episodes !== null) setText(this.#episodes, `n = ${episodes}`);
  }

  /** Colours the bars. */
  paint(palette: Palette): void {
    for (const { histogram } of this.#cards) histogram.paint(palette);
  }
}

function showPolicy(card: PolicyCard, score: PolicyScore | null, most: number): void {
  const { aside, band, fill, note, value } = card.success;
  const success = score?.success ?? null;
  setText(value, success === null ? '–' : percent(success.rate));
  setText(
    note,
    success === null
      ? 'waiting for the first rollouts'
      : `95 % interval ${percent(success.low)} – ${percent(success.high)}`,
  );
  setText(aside, success === null ? '' : `n = ${score?.rollouts ?? 0}`);
  fill.style.width = `${100 * (success?.rate ?? 0)}%`;
  band.style.left = `${100 * (success?.low ?? 0)}%`;
  band.style.width = `${100 * ((success?.high ?? 0) - (success?.low ?? 0))}%`;
  const entropy = score?.entropy ?? null;
  setText(
    card.entropy,
    entropy === null
      ? 'no successes yet'
      : `entropy ${entropy.value.toFixed(3)} of ${entropy.ceiling.toFixed(3)}`,
  );
  setText(card.modes, score === null ? '' : `modes ${score.modes.covered} / ${score.modes.total}`);
  card.histogram.setCounts(score?.modes.counts ?? [], most);
}

function pairRow(first: number, second: number): PairRow {
  const cells = {
    onlyFirst: element('td'),
    onlySecond: element('td'),
    both: element('td'),
    neither: element('td'),
  };
  const [one, other] = [letterOf(first), letterOf(second)];
  cells.onlyFirst.title = `${one} succeeds and ${other} fails`;
  cells.onlySecond.title = `${other} succeeds and ${one} fails`;
  const name = element('th', { scope: 'row' }, policyTag(first), policyTag(second));
  const root = element(
    'tr',
    { 'data-pair': `${one}${other}` },
    name,
    ...OUTCOMES.map((outcome) => cells[outcome]),
  );
  return { root, cells };
}

function heading(text: string): HTMLElement {
  return element('th', { scope: 'col' }, text);
}
