/** The two models of the train-step benchmark: E networks of these widths (input, hidden, output), on a batch each. */
export const trainStepSizes = {
  small: { networks: 24, widths: [4, 64, 64, 2], batch: 512 },
  large: { networks: 50, widths: [20, 256, 256, 256, 2], batch: 512 },
} as const;
