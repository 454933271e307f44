import { Interface } from "ethers";

/** The reads that a checker needs; contracts/interfaces says what each of them means. */
export const BOOKS = new Interface([
  "function sealOf(bytes20 book, uint64 sequence) view returns (bytes32)",
  "function ledgerTime() view returns (uint64)",
]);
export const CLAIMS = new Interface(["function deadlineOf(bytes32 id) view returns (uint64)"]);
export const TARIFFS = new Interface([
  "function versionAt(bytes32 agreement, bytes20 operator, uint32 version) view returns (tuple(bytes32 root, uint64 validFrom))",
]);
export const MEMBERS = new Interface(["function memberOf(address key) view returns (bytes20)"]);
export const AGREEMENTS = new Interface([
  "function windowsOf(bytes32 agreement) view returns (tuple(uint32 challenge, uint32 claim, uint32 recordAgeMax, uint32 credit, uint32 tariffNotice, uint32 demand, uint32 dispute, uint32 payment))",
]);
