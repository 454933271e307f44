/** The page's shape while its contents are on the way. */
export function BillSkeleton() {
  return (
    <div className="skeleton" role="status" aria-label="Loading your bill">
      <div className="bone bone-card" />
      <div className="bone bone-strip" />
      {["a", "b", "c", "d", "e", "f"].map((key) => (
        <div key={key} className="bone bone-line" />
      ))}
    </div>
  );
}
