/* The thread of an evidence folder that gets many files (evidence-folder.ts). */
import { doWithFiles, type FilesResult, type FilesTask } from "./evidence-files.ts";
import { answerTasks } from "./task-thread.ts";

answerTasks<FilesTask, FilesResult>((task) => ({ result: doWithFiles(task), moved: [] }));
