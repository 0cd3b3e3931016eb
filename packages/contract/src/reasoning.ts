import * as z from "zod";

/** What the published SDK sends while a model works for an activity. Its contents stay with the tenant. */
export const ReasoningEvent = z.object({
  type: z.enum(["reasoning.start", "reasoning.delta", "reasoning.end"]),
  source: z.string().max(200),
  sourceLabel: z.string().max(200).nullish(),
  /** Of the sender: it orders the events of one stream, and begins anywhere. */
  seq: z.number().int(),
  /** The activity; what one stream is shown under. */
  groupKey: z.string().max(200).nullish(),
  payload: z.record(z.string(), z.unknown()),
});
export type ReasoningEvent = z.infer<typeof ReasoningEvent>;

/** An event as it is kept. `id` grows with every one the server takes; an answer goes on after the last one's. */
export const ReasoningEntry = ReasoningEvent.extend({ id: z.number().int(), createdAt: z.string() });
export type ReasoningEntry = z.infer<typeof ReasoningEntry>;
