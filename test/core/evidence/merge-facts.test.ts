import assert from "node:assert/strict";
import fc from "fast-check";
import type { Hex } from "../../../node/core/bytes.ts";
import {
  agreeingMembers,
  mergeFacts,
  type SourceAnswer,
} from "../../../node/core/evidence/merge-facts.ts";

const TRUE_SEAL: Hex = "0x11";
const FALSE_SEAL: Hex = "0x22";
const KEY = "0xbook:1";

const answer = (
  member: string,
  seal: Hex | undefined,
  { block = 100n, url = `http://${member}` } = {},
): SourceAnswer => ({
  member,
  url,
  finalizedBlock: block,
  seals: seal === undefined ? {} : { [KEY]: seal },
  tariffs: {},
});

const agrees = (answers: SourceAnswer[]) =>
  mergeFacts(answers).facts.sources.map((source) => source.agrees);
const sealOf = (answers: SourceAnswer[]) => mergeFacts(answers).facts.seals[KEY];
const codes = (answers: SourceAnswer[]) => mergeFacts(answers).problems.map(({ code }) => code);

describe("merging what members' end points say of the ledger", () => {
  it("takes what all say", () => {
    const answers = [answer("alder", TRUE_SEAL), answer("birch", TRUE_SEAL)];
    assert.equal(sealOf(answers), TRUE_SEAL);
    assert.deepEqual(agrees(answers), [true, true]);
    assert.deepEqual(codes(answers), []);
  });

  it("takes the majority's word and names who contradicts it", () => {
    const answers = [
      answer("alder", FALSE_SEAL),
      answer("birch", TRUE_SEAL),
      answer("cedar", TRUE_SEAL),
    ];
    const { facts, problems } = mergeFacts(answers);
    assert.equal(facts.seals[KEY], TRUE_SEAL);
    assert.deepEqual(agrees(answers), [false, true, true]);
    assert.deepEqual(
      problems.map(({ code, member }) => [code, member]),
      [["facts.source-contradicts", "alder"]],
    );
    assert.deepEqual(agreeingMembers(facts.sources), ["birch", "cedar"]);
  });

  it("counts members, not end points", () => {
    const answers = [
      answer("alder", FALSE_SEAL, { url: "http://1" }),
      answer("alder", FALSE_SEAL, { url: "http://2" }),
      answer("alder", FALSE_SEAL, { url: "http://3" }),
      answer("birch", TRUE_SEAL),
      answer("cedar", TRUE_SEAL),
    ];
    assert.equal(sealOf(answers), TRUE_SEAL);
    assert.equal(agreeingMembers(mergeFacts(answers).facts.sources).length, 2);
  });

  it("counts one URL once, under however many names and spellings", () => {
    const answers = [
      answer("alder", FALSE_SEAL, { url: "http://liar.example/rpc" }),
      answer("cedar", FALSE_SEAL, { url: "http://liar.example/rpc/" }),
      answer("elm", FALSE_SEAL, { url: "http://LIAR.example:80/rpc" }),
      answer("birch", TRUE_SEAL, { url: "http://birch.example/rpc" }),
      answer("fir", TRUE_SEAL, { url: "http://fir.example/rpc" }),
    ];
    assert.equal(sealOf(answers), TRUE_SEAL);
    const { sources } = mergeFacts(answers).facts;
    assert.deepEqual(
      sources.map(({ member }) => member),
      ["alder", "birch", "fir"],
    );
  });

  it("says nothing where no value has more than half of the members", () => {
    const answers = [answer("alder", FALSE_SEAL), answer("birch", TRUE_SEAL)];
    assert.equal(sealOf(answers), undefined);
    assert.deepEqual(agrees(answers), [false, false]);
    assert.ok(codes(answers).includes("facts.no-majority"));
  });

  it("gives a member that contradicts itself no say", () => {
    const answers = [
      answer("alder", FALSE_SEAL, { url: "http://1" }),
      answer("alder", TRUE_SEAL, { url: "http://2" }),
      answer("birch", TRUE_SEAL),
      answer("cedar", TRUE_SEAL),
    ];
    assert.equal(sealOf(answers), TRUE_SEAL);
    assert.deepEqual(agrees(answers), [false, true, true, true]);
    assert.deepEqual(agreeingMembers(mergeFacts(answers).facts.sources), ["birch", "cedar"]);
    assert.equal(sealOf(answers.slice(0, 2)), undefined);
  });

  it("does not blame an end point that is behind", () => {
    const ahead = [answer("alder", TRUE_SEAL), answer("birch", TRUE_SEAL)];
    const answers = [...ahead, answer("cedar", undefined, { block: 99n })];
    assert.equal(sealOf(answers), TRUE_SEAL);
    assert.deepEqual(agrees(answers), [true, true, true]);
  });

  it("does not let one that claims a block ahead of all others have the only word", () => {
    const answers = [
      answer("alder", FALSE_SEAL, { block: 10n ** 18n }),
      answer("birch", undefined),
      answer("cedar", undefined),
    ];
    assert.equal(sealOf(answers), undefined);
    assert.deepEqual(codes(answers), ["facts.no-majority"]);
  });

  it("takes a missing entry in a later block for a contradiction", () => {
    const answers = [
      answer("alder", TRUE_SEAL),
      answer("birch", undefined, { block: 100n }),
      answer("cedar", undefined, { block: 101n }),
    ];
    assert.equal(sealOf(answers), undefined);
    assert.deepEqual(agrees(answers), [false, true, true]);
  });

  it("merges tariffs by root and start together, and the record age", () => {
    const withTariff = (member: string, validFrom: string, age: string): SourceAnswer => ({
      ...answer(member, TRUE_SEAL),
      tariffs: { 1: { root: "0x33", validFrom } },
      maxRecordAgeSeconds: age,
    });
    const same = [withTariff("alder", "10", "60"), withTariff("birch", "10", "60")];
    assert.deepEqual(mergeFacts(same).facts.tariffs, { 1: { root: "0x33", validFrom: "10" } });
    assert.equal(mergeFacts(same).facts.maxRecordAgeSeconds, "60");
    const split = [withTariff("alder", "10", "60"), withTariff("birch", "11", "61")];
    assert.deepEqual(mergeFacts(split).facts.tariffs, {});
    assert.equal(mergeFacts(split).facts.maxRecordAgeSeconds, undefined);
    assert.equal(mergeFacts(split).facts.seals[KEY], TRUE_SEAL);
  });

  it("says nothing of nothing", () => {
    assert.deepEqual(mergeFacts([]), {
      facts: { sources: [], seals: {}, tariffs: {} },
      problems: [],
    });
  });

  it("never takes the word of a minority, whatever the order and number of end points", () => {
    const minority = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(
        minority,
        fc.array(fc.nat(6), { maxLength: 20 }),
        fc.nat(),
        (liars, more, seed) => {
          const members = [0, 1, 2, 3, 4, 5, 6].map((index) => `member ${index}`);
          const say = (index: number, url: string) =>
            answer(members[index] ?? "", index < liars ? FALSE_SEAL : TRUE_SEAL, { url });
          const answers = members
            .map((_, index) => say(index, `http://${index}`))
            .concat(more.map((index, count) => say(index, `http://${index}/${count}`)));
          const turned = answers
            .slice(seed % answers.length)
            .concat(answers.slice(0, seed % answers.length));
          assert.equal(sealOf(turned), TRUE_SEAL);
          assert.equal(agreeingMembers(mergeFacts(turned).facts.sources).length, 7 - liars);
        },
      ),
    );
  });
});
