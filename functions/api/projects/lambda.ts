import { lambdaOf } from "#http/lambda.ts";
import { projectsApp } from "./projects.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(projectsApp, process.env);
