import { createProject } from "#core/projects/create-project.ts";
import { deleteProject } from "#core/projects/delete-project.ts";
import { createFolder, deleteFolder, listFolders, readFolder, updateFolder } from "#core/projects/folders.ts";
import { addMember, changeMember, listMembers, readMember, removeMember } from "#core/projects/members.ts";
import {
  addMemberInput,
  createFolderInput,
  createProjectInput,
  memberQuery,
  projectQuery,
  updateFolderInput,
  updateMemberInput,
  updateProjectInput,
} from "#core/projects/project.ts";
import { listProjects, readProject } from "#core/projects/read-projects.ts";
import { updateProject } from "#core/projects/update-project.ts";
import type { Resources } from "#core/resources.ts";
import { id, page } from "#core/shape.ts";
import { createApp, type RushesApp, type RushesContext } from "#http/app.ts";
import { answer, changed, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";

const projectIdOf = (c: RushesContext) => parseParam(c, "projectId", id("project"));
const personIdOf = (c: RushesContext) => parseParam(c, "personId", id("person"));
const folderIdOf = (c: RushesContext) => parseParam(c, "folderId", id("folder"));

/** Projects, who may enter them, and their folders. */
export function projectsApp(deps: Resources): RushesApp {
  const app = createApp(deps);
  const base = `${deps.config.PUBLIC_API_BASE}/projects`;

  app.get("/projects", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listProjects(deps, actor, parseQuery(c, projectQuery)));
  });

  app.post("/projects", async (c) => {
    const actor = await c.get("actors").need();
    const { project, revision } = await createProject(deps, actor, await parseBody(c, createProjectInput));
    c.header("Location", `${base}/${project.id}`);
    return changed(c, project, revision, 201);
  });

  app.get("/projects/:projectId", async (c) => {
    const actor = await c.get("actors").need();
    const { project, revision } = await readProject(deps, actor, projectIdOf(c));
    return answer(c, project, revision);
  });

  app.patch("/projects/:projectId", async (c) => {
    const actor = await c.get("actors").need();
    const projectId = projectIdOf(c);
    const input = await parseBody(c, updateProjectInput);
    const { project, revision } = await updateProject(deps, actor, projectId, input, expectedRevision(c));
    return changed(c, project, revision);
  });

  app.delete("/projects/:projectId", async (c) => {
    const actor = await c.get("actors").need();
    await deleteProject(deps, actor, projectIdOf(c), expectedRevision(c));
    return c.body(null, 204);
  });

  app.get("/projects/:projectId/members", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listMembers(deps, actor, projectIdOf(c), parseQuery(c, memberQuery)));
  });

  app.post("/projects/:projectId/members", async (c) => {
    const actor = await c.get("actors").need();
    const projectId = projectIdOf(c);
    const { member, revision } = await addMember(deps, actor, projectId, await parseBody(c, addMemberInput));
    c.header("Location", `${base}/${projectId}/members/${member.person.id}`);
    return changed(c, member, revision, 201);
  });

  app.get("/projects/:projectId/members/:personId", async (c) => {
    const actor = await c.get("actors").need();
    const { member, revision } = await readMember(deps, actor, projectIdOf(c), personIdOf(c));
    return answer(c, member, revision);
  });

  app.patch("/projects/:projectId/members/:personId", async (c) => {
    const actor = await c.get("actors").need();
    const [projectId, personId] = [projectIdOf(c), personIdOf(c)];
    const input = await parseBody(c, updateMemberInput);
    const { member, revision } = await changeMember(
      deps,
      actor,
      projectId,
      personId,
      input,
      expectedRevision(c),
    );
    return changed(c, member, revision);
  });

  app.delete("/projects/:projectId/members/:personId", async (c) => {
    const actor = await c.get("actors").need();
    await removeMember(deps, actor, projectIdOf(c), personIdOf(c), expectedRevision(c));
    return c.body(null, 204);
  });

  app.get("/projects/:projectId/folders", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listFolders(deps, actor, projectIdOf(c), parseQuery(c, page)));
  });

  app.post("/projects/:projectId/folders", async (c) => {
    const actor = await c.get("actors").need();
    const projectId = projectIdOf(c);
    const { folder, revision } = await createFolder(
      deps,
      actor,
      projectId,
      await parseBody(c, createFolderInput),
    );
    c.header("Location", `${base}/${projectId}/folders/${folder.id}`);
    return changed(c, folder, revision, 201);
  });

  app.get("/projects/:projectId/folders/:folderId", async (c) => {
    const actor = await c.get("actors").need();
    const { folder, revision } = await readFolder(deps, actor, projectIdOf(c), folderIdOf(c));
    return answer(c, folder, revision);
  });

  app.patch("/projects/:projectId/folders/:folderId", async (c) => {
    const actor = await c.get("actors").need();
    const [projectId, folderId] = [projectIdOf(c), folderIdOf(c)];
    const input = await parseBody(c, updateFolderInput);
    const { folder, revision } = await updateFolder(
      deps,
      actor,
      projectId,
      folderId,
      input,
      expectedRevision(c),
    );
    return changed(c, folder, revision);
  });

  app.delete("/projects/:projectId/folders/:folderId", async (c) => {
    const actor = await c.get("actors").need();
    await deleteFolder(deps, actor, projectIdOf(c), folderIdOf(c), expectedRevision(c));
    return c.body(null, 204);
  });

  return app;
}
