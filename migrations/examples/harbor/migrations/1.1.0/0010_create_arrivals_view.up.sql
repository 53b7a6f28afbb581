-- What the harbour master looks at in the morning, in the port's own time.

CREATE VIEW arrivals AS
SELECT p.name                                   AS port,
       b.name                                   AS berth,
       v.name                                   AS vessel,
       o.name                                   AS operator,
       k.arrival AT TIME ZONE p.time_zone       AS local_arrival,
       k.status,
       k.cargo,
       coalesce(t.needs_tugs, 0)                AS tugs
FROM booking k
JOIN berth b ON b.id = k.berth_id
JOIN port p ON p.code = b.port_code
JOIN vessel v ON v.imo = k.vessel_imo
JOIN operator o ON o.id = v.operator_id
LEFT JOIN vessel_type t ON t.code = v.type_code
WHERE k.status IN ('requested', 'confirmed');
