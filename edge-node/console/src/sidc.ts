/**
 * The APP-6(D) / MIL-STD-2525D code of a track: twenty digits. Only what is known goes into it: an aircraft whose kind
 * nobody told has an air frame without an icon, not a fighter's.
 */
import type { Affiliation, ObjectClass, TrackStatus } from "./protocol.ts";

const IDENTITIES: Record<Affiliation, string> = {
  pending: "0",
  unknown: "1",
  assumed_friend: "2",
  friend: "3",
  neutral: "4",
  suspect: "5",
  hostile: "6",
};

/** Symbol set and entity: fixed and rotary wing and unmanned of the air set, sea surface, land equipment, signals. */
const KINDS: Record<ObjectClass, { set: string; entity: string }> = {
  unknown: { set: "00", entity: "000000" },
  air: { set: "01", entity: "000000" },
  uav: { set: "01", entity: "110300" },
  rotary: { set: "01", entity: "110200" },
  surface: { set: "30", entity: "000000" },
  ground: { set: "15", entity: "000000" },
  emitter: { set: "52", entity: "110000" },
};

/**
 * Version 10; status "planned or anticipated" (broken frame) for what is not confirmed. The context is reality in a
 * simulation too: badge, frame, watermark and title say that nothing is real, while the S of the context would be type
 * of six pixels in the colour of the frame, over what is beside it.
 */
export function sidc(kind: ObjectClass, side: Affiliation, status: TrackStatus): string {
  const { set, entity } = KINDS[kind];
  const present = status === "confirmed" ? "0" : "1";
  return `100${IDENTITIES[side]}${set}${present}000${entity}0000`;
}
