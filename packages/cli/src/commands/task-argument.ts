/** Which task a command is about. */
export const taskArgument = { task: { help: "The task's id" } } as const;
