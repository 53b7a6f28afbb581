-- A vessel books a berth from arrival to departure.

CREATE TYPE booking_status AS ENUM ('requested', 'confirmed', 'berthed', 'departed', 'cancelled');

CREATE TABLE booking (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    berth_id      bigint NOT NULL REFERENCES berth,
    vessel_imo    integer NOT NULL REFERENCES vessel,
    arrival       timestamptz NOT NULL,
    departure     timestamptz NOT NULL,
    status        booking_status NOT NULL DEFAULT 'requested',
    draught_cm    integer NOT NULL CHECK (draught_cm > 0),
    captain_phone text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT booking_leaves_after_arriving CHECK (departure > arrival)
);

CREATE INDEX booking_berth ON booking (berth_id, arrival);
