// A bare Temporal worker as an engineer would write it: one bundle, the SDK's defaults. Arguments: Temporal's address, namespace, task queue.
// Prints "ready" once it polls; ends on SIGTERM.
import { fileURLToPath } from "node:url";
import { bundleWorkflowCode, NativeConnection, Worker } from "@temporalio/worker";
import * as activities from "./activities.mjs";

const [address, namespace, taskQueue] = process.argv.slice(2);
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL("./workflows.ts", import.meta.url)),
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle, activities });
const finished = worker.run();
console.log("ready");
await finished;
await connection.close();
