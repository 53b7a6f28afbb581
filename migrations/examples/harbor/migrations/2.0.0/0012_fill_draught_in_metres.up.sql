-- sealift: no-transaction
-- sealift: phase before
--
-- Second: the rows that were there before. In batches, each a transaction of its own, so that no
-- batch locks many rows for long; a batch that ran already finds nothing to do.

UPDATE booking SET draught_m = draught_cm / 100.0
WHERE draught_m IS NULL AND arrival < '2024-01-01';

UPDATE booking SET draught_m = draught_cm / 100.0
WHERE draught_m IS NULL AND arrival >= '2024-01-01' AND arrival < '2025-01-01';

UPDATE booking SET draught_m = draught_cm / 100.0
WHERE draught_m IS NULL AND arrival >= '2025-01-01' AND arrival < '2026-01-01';

UPDATE booking SET draught_m = draught_cm / 100.0
WHERE draught_m IS NULL AND arrival >= '2026-01-01';
