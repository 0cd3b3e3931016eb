import type { Client } from "@temporalio/client";

/** Temporal's numbers of workflow and of activity task queues. */
const KINDS = [1, 2] as const;

/** Whether tasks of workflows or activities wait on a queue for a worker. Temporal's answer may be some seconds old. */
export async function hasBacklog(client: Client, taskQueue: string): Promise<boolean> {
  const { namespace } = client.options;
  const answers = await Promise.all(
    KINDS.map((taskQueueType) =>
      client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType,
        reportStats: true,
      }),
    ),
  );
  return answers.some(({ stats }) => {
    const { seconds, nanos } = stats?.approximateBacklogAge ?? {};
    // The count is made from what was written last; after a crash of Temporal only the age may tell.
    return Number(stats?.approximateBacklogCount ?? 0) > 0 || Number(seconds ?? 0) > 0 || Number(nanos ?? 0) > 0;
  });
}
