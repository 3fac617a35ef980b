import * as z from 'zod';

/** `report_v1`: the narrative of a finished backtest, as data. Plain text in every field. */
export const Report = z.strictObject({
  schema_version: z.literal('report_v1'),
  summary: z.string().min(1).max(2000),
  sections: z
    .array(z.strictObject({ heading: z.string().min(1).max(120), body: z.string().min(1).max(4000) }))
    .min(1)
    .max(8),
  caveats: z.array(z.string().min(1).max(1000)).min(1).max(10),
});
export type Report = z.infer<typeof Report>;
