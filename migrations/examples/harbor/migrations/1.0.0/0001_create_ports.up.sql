-- Ports and their berths.

CREATE TABLE port (
    code      text PRIMARY KEY CHECK (code ~ '^[A-Z]{2}[A-Z0-9]{3}$'), -- UN/LOCODE
    name      text NOT NULL,
    time_zone text NOT NULL
);

CREATE TYPE berth_kind AS ENUM ('container', 'bulk', 'tanker', 'passenger');

CREATE TABLE berth (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    port_code text NOT NULL REFERENCES port,
    name      text NOT NULL,
    kind      berth_kind NOT NULL,
    length_m  numeric(5, 1) NOT NULL CHECK (length_m > 0),
    depth_m   numeric(4, 1) NOT NULL CHECK (depth_m > 0),
    UNIQUE (port_code, name)
);

COMMENT ON COLUMN berth.depth_m IS 'at the lowest tide';
