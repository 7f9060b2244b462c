import type { TeleoperationAction, TeleoperationMessage } from '../../src/stream/wire.ts';

/** What a button, a key and a button of a gamepad stand for: one table for all devices. */
export interface TeleoperationControl {
  readonly action: TeleoperationAction;
  readonly label: string;
  /** For the help sheet. */
  readonly does: string;
  /** `KeyboardEvent.key`, in lower case; the first one is named on the button. */
  readonly keys: readonly string[];
  readonly keyLabel: string;
  /** Buttons of the standard gamepad. */
  readonly buttons: readonly number[];
  readonly buttonLabel: string;
  /** Says whether it does something now. */
  isPossible(state: TeleoperationMessage): boolean;
}

const isOver = ({ phase }: TeleoperationMessage): boolean => phase === 'recording' || phase === 'ended';

/** For whoever operates. The first that is possible counts where two share a button of the gamepad. */
export const OPERATOR_CONTROLS: readonly TeleoperationControl[] = [
  {
    action: 'start',
    label: 'Start',
    does: 'by hand: start',
    keys: [' '],
    keyLabel: 'space',
    buttons: [0],
    buttonLabel: 'A',
    isPossible: ({ phase }) => phase === 'ready',
  },
  {
    action: 'save',
    label: 'Save',
    does: 'by hand: save',
    keys: ['enter'],
    keyLabel: '⏎',
    buttons: [0],
    buttonLabel: 'A',
    isPossible: ({ canSave }) => canSave,
  },
  {
    action: 'discard',
    label: 'Discard',
    does: 'by hand: discard, next start',
    keys: ['backspace', 'delete'],
    keyLabel: '⌫',
    buttons: [3],
    buttonLabel: 'Y',
    isPossible: ({ phase }) => phase !== 'saving',
  },
  {
    action: 'redo',
    label: 'Redo',
    does: 'by hand: same start again',
    keys: ['r'],
    keyLabel: 'R',
    buttons: [1],
    buttonLabel: 'B',
    isPossible: isOver,
  },
];

/** For a page that watches. */
export const TAKE_CONTROL: TeleoperationControl = {
  action: 'take',
  label: 'Take over',
  does: 'by hand: take over',
  keys: ['o'],
  keyLabel: 'O',
  buttons: [9],
  buttonLabel: 'Menu',
  isPossible: ({ phase }) => phase === 'ready' || phase === 'ended',
};
