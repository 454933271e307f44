import { z } from "zod";

// zod builds its parsers with `new Function` where it may; the page's policy forbids that. It asks
// when a schema is made, so this is imported before anything that makes one.
z.config({ jitless: true });
