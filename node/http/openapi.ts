/* The node's interface as OpenAPI 3.1; a test compares it with the routes that exist. */

interface Operation {
  summary: string;
  security?: "subscriber" | "operator";
  query?: string[];
  body?: string;
  answer: string;
  status?: string;
}

const operation = (tag: string, given: Operation) => ({
  tags: [tag],
  summary: given.summary,
  ...(given.security === undefined ? {} : { security: [{ [given.security]: [] }] }),
  ...(given.query === undefined
    ? {}
    : {
        parameters: given.query.map((name) => ({
          name,
          in: "query",
          required: true,
          schema: { type: "string" },
        })),
      }),
  ...(given.body === undefined
    ? {}
    : {
        requestBody: {
          required: true,
          content: { [given.body]: { schema: {} } },
        },
      }),
  responses: {
    [given.status ?? "200"]: { description: given.answer },
    default: {
      description: "What went wrong",
      content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
    },
  },
});

const subscriber = (given: Omit<Operation, "security">) =>
  operation("subscriber", { ...given, security: "subscriber" });
const operator = (given: Omit<Operation, "security">) =>
  operation("operator", { ...given, security: "operator" });
const JSON_BODY = "application/json";

const withId = (name: string) => [{ name, in: "path", required: true, schema: { type: "string" } }];

const charging = (given: Omit<Operation, "security">) =>
  operation("charging", { ...given, security: "operator" });

/** Where the node's configuration has `charging`; docs/CHARGING.md describes the rules. */
const CHARGING_PATHS = {
  "/v1/charging/sessions/{session}/requests/{number}": {
    parameters: [...withId("session"), ...withId("number")],
    put: charging({
      summary: "Reserve, update, commit, debit or refund; the same number again, the same answer",
      body: JSON_BODY,
      answer: "What is granted and charged",
    }),
  },
  "/v1/charging/accounts": {
    get: charging({
      summary: "Accounts with their balances, a page at a time",
      answer: "Accounts",
    }),
  },
  "/v1/charging/accounts/{account}": {
    parameters: withId("account"),
    get: charging({ summary: "An account's balance and policy", answer: "Account" }),
    put: charging({ summary: "Set an account's policy", body: JSON_BODY, answer: "Account" }),
  },
  "/v1/charging/accounts/{account}/sessions": {
    parameters: withId("account"),
    get: charging({ summary: "An account's newest sessions", answer: "Sessions" }),
  },
  "/v1/charging/accounts/{account}/payments/{reference}": {
    parameters: [...withId("account"), ...withId("reference")],
    put: charging({
      summary: "Top up, or pay out when negative; the same reference again pays nothing",
      body: JSON_BODY,
      answer: "The balance, and whether the account was unlocked",
    }),
  },
  "/v1/charging/accounts/{account}/lock": {
    parameters: withId("account"),
    put: charging({
      summary: "Grant nothing until it is paid",
      body: JSON_BODY,
      answer: "Account",
    }),
    delete: charging({ summary: "Unlock", answer: "Account" }),
  },
  "/v1/charging/edges/{edge}/settlement": {
    parameters: withId("edge"),
    put: charging({
      summary: "Settle what an edge node charged, and grant it more",
      body: JSON_BODY,
      answer: "Sums of its slices, and up to which record they were taken over",
    }),
  },
  "/v1/charging/tariffs": {
    get: charging({
      summary: "Versions of the tariff after a number, for edge nodes",
      query: ["after"],
      answer: "Versions with their documents",
    }),
  },
  "/v1/charging/notices": {
    get: charging({ summary: "Thresholds that were reached, after a number", answer: "Notices" }),
  },
  "/v1/charging/records": {
    get: charging({ summary: "Ended sessions that wait to be taken over", answer: "Records" }),
  },
  "/v1/charging/records/taken": {
    put: charging({
      summary: "Records up to a number are taken over",
      body: JSON_BODY,
      answer: "Noted",
    }),
  },
};

export const openApiDocument = {
  openapi: "3.1.0",
  info: {
    title: "Tallystick node",
    version: "1",
    description:
      "One operator's node. Subscribers read their own evidence, anyone has a signed claim carried to the ledger, the operator's staff run the books.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  paths: {
    "/health": {
      get: operation("node", {
        summary: "Whether the node is ready, part by part; 503 while one is not well",
        answer:
          "{live, ready, ledger, store, disk, commits, charging?, faults?: [{part, code, message}]}",
      }),
    },
    "/ready": {
      get: operation("node", {
        summary: "The same: for who sends requests only to nodes that can do all of their work",
        answer:
          "{live, ready, ledger, store, disk, commits, charging?, faults?: [{part, code, message}]}",
      }),
    },
    "/live": {
      get: operation("node", {
        summary: "Whether the process answers, whatever its parts do",
        answer: "{live}",
      }),
    },
    "/metrics": {
      get: operator({
        summary: "The node's figures for Prometheus",
        answer: "Text, version 0.0.4",
      }),
    },
    "/v1/openapi.json": {
      get: operation("node", { summary: "This description", answer: "OpenAPI 3.1" }),
    },
    "/rpc": {
      post: operation("ledger", {
        summary: "Read-only JSON-RPC of this member's ledger end point",
        body: JSON_BODY,
        answer: "The ledger's answer",
      }),
    },
    "/v1/relay/claims": {
      post: operation("relay", {
        summary: "Carry a signed claim to the ledger",
        body: JSON_BODY,
        answer: "On the ledger",
        status: "201",
      }),
    },
    "/v1/relay/openings": {
      post: operation("relay", {
        summary: "Carry the opening of a contested claim to the ledger",
        body: JSON_BODY,
        answer: "On the ledger",
        status: "201",
      }),
    },
    ...Object.fromEntries(
      Object.entries({
        standings: "Show by an invoice on the ledger whose pseudonym it is",
        receipts: "Show by the operator's receipt whose pseudonym it is",
        demands: "Carry a demand for evidence that a subscriber signed",
        complaints: "Show by the one-time key that what was delivered is rubbish",
        silences: "Conclude a demand that was not answered in time",
      }).map(([path, summary]) => [
        `/v1/relay/${path}`,
        {
          post: operation("relay", {
            summary,
            body: JSON_BODY,
            answer: "On the ledger",
            status: "201",
          }),
        },
      ]),
    ),
    "/v1/relay/conclusions": {
      post: operation("relay", {
        summary:
          "Take a step that anyone may take once a deadline passed: concludeSilence, lapse, markOverdue",
        body: JSON_BODY,
        answer: "On the ledger",
        status: "201",
      }),
    },
    "/v1/session": {
      get: subscriber({
        summary: "Whose link this is, and which periods there are",
        answer: "Session",
      }),
    },
    "/v1/evidence": {
      get: subscriber({
        summary: "Evidence bundle of one period",
        query: ["period"],
        answer: "Bundle as docs/EVIDENCE.md describes it",
      }),
    },
    "/v1/invoice": {
      get: subscriber({ summary: "The invoice as sent", query: ["period"], answer: "Invoice" }),
    },
    "/v1/bill.csv": {
      get: subscriber({ summary: "The invoice's lines as CSV", query: ["period"], answer: "CSV" }),
    },
    "/v1/events": {
      post: subscriber({
        summary: "Show which of some events an aggregated line of the bill stands for",
        query: ["period"],
        body: JSON_BODY,
        answer: "What the line binds of all its events, and a proof for each that was asked for",
      }),
    },
    "/v1/disputes": {
      get: subscriber({ summary: "This subscriber's own claims", answer: "Disputes" }),
    },
    "/v1/operator/status": { get: operator({ summary: "State of the node", answer: "Status" }) },
    "/v1/operator/tariff/follow": {
      post: operator({
        summary: "Take a version of the tariff that was published, now instead of at the next look",
        answer: "The newest version at hand, and one that the ledger has and this node lacks",
      }),
    },
    "/v1/operator/fsck": {
      post: operator({
        summary:
          "Check the store against itself and the ledger, while all else goes on; joins one that runs",
        answer: "Findings; 202 with {progress} while it takes longer",
      }),
      get: operator({
        summary: "How far the check is (202), else what the last one found",
        answer: "Findings, or {progress}",
      }),
    },
    "/v1/operator/retention": {
      get: operator({
        summary: "What becomes of each billed month, and when",
        answer: "{months, over, done, entriesDropped}",
      }),
      post: operator({
        summary: "Erase for a second what is over; call it until it is done (202 before)",
        answer: "{over, done, entriesDropped}",
      }),
    },
    "/v1/operator/compact": {
      post: operator({
        summary: "Give back the space of lasting values that were dropped",
        answer: "{filesBefore, filesAfter, bytesBefore, bytesAfter, bytesMoved, filesKept}",
      }),
    },
    "/v1/operator/accounts": {
      get: operator({ summary: "Accounts with the secrets of their links", answer: "Accounts" }),
      put: operator({ summary: "Add or change accounts", body: JSON_BODY, answer: "Count" }),
    },
    "/v1/operator/usage": {
      get: operator({
        summary: "How far the uploads under way are: phase, records, and how many are done",
        answer: "Uploads",
      }),
      post: operator({
        summary:
          "Take in a file of usage records; turn names the upload, after the one that comes before it, and format the file's where nothing in it tells it. With laid, the id of a file in the folder of /usage/spool, its growing length is told on lines of JSON once 102 was answered, and last its digest",
        query: ["name", "turn", "after", "format", "laid"],
        body: "application/octet-stream",
        answer: "Control totals, and the seconds that each phase took",
      }),
    },
    "/v1/operator/usage/spool": {
      get: operator({
        summary: "Where a command on the node's machine, of the node's user, may lay files",
        answer: "The folder",
      }),
    },
    "/v1/operator/commit": {
      post: operator({ summary: "Seal and commit all books", answer: "The batches" }),
    },
    "/v1/operator/bill": {
      post: operator({
        summary: "Run the bill of a closed period; 202 with its progress when it takes longer",
        body: JSON_BODY,
        answer: "The run, or its progress",
      }),
      get: operator({
        summary: "What became of a period's bill; 202 with its progress while it is not done",
        query: ["period"],
        answer: "The run, or its progress",
      }),
    },
    "/v1/operator/evidence": {
      get: operator({
        summary: "Evidence bundle of an account's period",
        query: ["account", "period"],
        answer: "Bundle",
      }),
    },
    "/v1/operator/evidence/publish": {
      post: operator({
        summary: "Write a billed month's evidence files for some time; call again until it is done",
        body: JSON_BODY,
        answer: "How far it is",
      }),
    },
    "/v1/operator/totals": {
      get: operator({ summary: "Control totals over all files", answer: "Totals" }),
    },
    "/v1/operator/totals/files": {
      get: operator({
        summary: "Control totals of each file, a page at a time (after, limit)",
        answer: "Files with their totals, and where the next page begins",
      }),
    },
    "/v1/operator/totals/hours": {
      get: operator({
        summary: "Control totals by hour of use, of all files or one (from, to, file, limit)",
        answer: "Hours with their totals, and with which the next page begins",
      }),
    },
    "/v1/operator/suspense": {
      get: operator({
        summary: "Records that wait in suspense, a page at a time (code, after, limit)",
        answer: "Records with reasons, and where the next page begins",
      }),
    },
    "/v1/operator/suspense/reasons": {
      get: operator({ summary: "How much waits for which reason", answer: "Reasons" }),
    },
    "/v1/operator/suspense/recycle": {
      post: operator({
        summary: "Rate up to a thousand suspended records again: {ids}",
        body: JSON_BODY,
        answer: "What became of those that waited",
      }),
    },
    "/v1/operator/suspense/drop": {
      post: operator({
        summary:
          "Decide that suspended records are never charged: {ids, by, reason}, kept with them",
        body: JSON_BODY,
        answer: "What became of those that waited",
      }),
    },
    "/v1/operator/corrections": {
      get: operator({
        summary: "Charges that were corrected, by whom, when and why, a page at a time",
        answer: "The newest correction of each record",
      }),
      post: operator({
        summary:
          "Correct a charge that is committed: {record} as it should have been, {id, withdraw: true} or {id, credit}, with {by, reason}",
        body: JSON_BODY,
        answer: "The credit, and the charge in its place",
      }),
    },
    "/v1/operator/dropped": {
      get: operator({
        summary: "Records that were dropped, by whom, when and why, a page at a time",
        answer: "Records with their decisions",
      }),
    },
    "/v1/operator/suspense/{id}": {
      parameters: withId("id"),
      patch: operator({
        summary: "Correct a suspended record",
        body: JSON_BODY,
        answer: "Corrected",
      }),
    },
    "/v1/operator/suspense/{id}/recycle": {
      parameters: withId("id"),
      post: operator({ summary: "Rate a suspended record again", answer: "What became of it" }),
    },
    "/v1/operator/demands": {
      get: operator({ summary: "Demands for evidence of these books", answer: "Demands" }),
    },
    "/v1/operator/disputes": {
      get: operator({ summary: "Disputes between members", answer: "Disputes, and who asks" }),
    },
    "/v1/operator/statements/{id}": {
      get: operator({ summary: "One statement as the ledger has it", answer: "Statement" }),
    },
    "/v1/operator/claims": {
      get: operator({ summary: "Claims and their states", answer: "Claims" }),
    },
    "/v1/operator/claims/work": {
      post: operator({ summary: "One round at the claims desk", answer: "Whether a credit waits" }),
    },
    "/v1/operator/claims/{id}": {
      parameters: withId("id"),
      post: operator({
        summary: "Concede or contest a claim",
        body: JSON_BODY,
        answer: "On its way",
        status: "202",
      }),
    },
    "/v1/operator/settlement/statement": {
      post: operator({ summary: "Post the statement of the books", answer: "Transaction" }),
    },
    "/v1/operator/settlement/{step}": {
      parameters: withId("step"),
      post: operator({
        summary: "receipt, draw, sample, finalize, object, approve, pay or withdraw",
        body: JSON_BODY,
        answer: "Transaction",
      }),
    },
    "/v1/operator/cadence": {
      put: operator({
        summary: "Seconds between commitments; 0 stops",
        body: JSON_BODY,
        answer: "Set",
      }),
    },
    ...CHARGING_PATHS,
  },
  components: {
    securitySchemes: {
      subscriber: {
        type: "http",
        scheme: "bearer",
        description: "Access token of a subscriber's link (docs/ACCESS.md)",
      },
      operator: { type: "http", scheme: "bearer", description: "Token in the node's data folder" },
    },
    schemas: {
      Error: {
        type: "object",
        required: ["error"],
        properties: {
          error: {
            type: "object",
            required: ["code", "message"],
            properties: { code: { type: "string" }, message: { type: "string" } },
          },
        },
      },
    },
  },
};
