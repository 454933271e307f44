/**
 * A dropped file piece by piece, with how much was read. Not `for await` over the stream itself:
 * Safari's streams can not be iterated.
 */
export async function* fileChunks(
  file: File,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onRead(value.length);
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}
