import { Queue as Board } from "bullmq";
import { boardConnection, CLOCK_BOARD, closeBoards } from "./clock.ts";
import { LATER_BOARD } from "./later.ts";

/** The BullMQ queues of this deployment, for people to look at: what the clock called, what is to come. */
export interface Boards {
  queues: Board[];
  close(): Promise<void>;
}

export function openBoards(redisUrl: string): Boards {
  const connection = boardConnection(redisUrl);
  const queues = [CLOCK_BOARD, LATER_BOARD].map((name) => new Board(name, { connection }));
  for (const queue of queues) queue.on("error", () => {}); // the page shows what fails
  return {
    queues,
    close: () => closeBoards(connection, queues),
  };
}
