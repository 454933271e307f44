import { spawn } from "node:child_process";
import { root } from "./repository.mjs";

/** To standard error: standard output belongs to the target. */
export function progress(text) {
  process.stderr.write(`${text}\n`);
}

/** Runs a command; says what it is when it takes more than a second, shows its output if it fails. */
export function step(title, command, args, options) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const seconds = () => Math.round((Date.now() - started) / 1000);
    let said = false;
    const say = () => {
      progress(said ? `${title} ... ${seconds()} s` : `${title} ...`);
      said = true;
    };
    const first = setTimeout(say, 1000);
    const again = setInterval(say, 10_000);
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    });
    let out = "";
    let all = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
      all += chunk;
    });
    child.stderr.on("data", (chunk) => {
      all += chunk;
    });
    const done = () => {
      clearTimeout(first);
      clearInterval(again);
    };
    child.on("error", (error) => {
      done();
      reject(new Error(`${title}: ${error.message}`));
    });
    child.on("close", (code) => {
      done();
      if (code !== 0) return reject(new Error(`${title} ended with code ${code}:\n${all.trim()}`));
      if (said) progress(`${title}: done in ${seconds()} s`);
      resolve(out);
    });
  });
}
