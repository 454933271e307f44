import { type ReactNode, useEffect, useRef, useState } from "react";

interface FileDropProps {
  title: string;
  children: ReactNode;
  accept: string;
  multiple?: boolean;
  buttonLabel: string;
  onFiles: (files: File[]) => void;
  extra?: ReactNode;
}

/** A place to drop files or to choose them; both do the same. */
export function FileDrop(props: FileDropProps) {
  const { title, children, accept, multiple = false, buttonLabel, onFiles, extra } = props;
  const input = useRef<HTMLInputElement>(null);
  const zone = useRef<HTMLElement>(null);
  const [over, setOver] = useState(false);

  // A file dropped beside the zone must not make the browser leave the page.
  useEffect(() => {
    const keep = (event: DragEvent) => event.preventDefault();
    window.addEventListener("dragover", keep);
    window.addEventListener("drop", keep);
    return () => {
      window.removeEventListener("dragover", keep);
      window.removeEventListener("drop", keep);
    };
  }, []);

  const take = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    if (files.length > 0) onFiles(multiple ? files : files.slice(0, 1));
  };

  return (
    <section
      className={over ? "file-drop over" : "file-drop"}
      ref={zone}
      aria-label={title}
      onDragEnter={() => setOver(true)}
      onDragLeave={(event) => {
        if (!zone.current?.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <div className="file-drop-words">
        <h2>{title}</h2>
        {children}
      </div>
      <div className="file-drop-actions">
        <button type="button" className="button primary" onClick={() => input.current?.click()}>
          {buttonLabel}
        </button>
        {extra}
        <input
          ref={input}
          type="file"
          className="visually-hidden"
          tabIndex={-1}
          aria-label={title}
          accept={accept}
          multiple={multiple}
          onChange={(event) => {
            take(event.target.files);
            event.target.value = "";
          }}
        />
      </div>
    </section>
  );
}
