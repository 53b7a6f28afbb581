-- Who sails, and with what.

CREATE TABLE operator (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name  text NOT NULL UNIQUE,
    email text NOT NULL
);

CREATE TABLE vessel (
    imo         integer PRIMARY KEY CHECK (imo BETWEEN 1000000 AND 9999999),
    name        text NOT NULL,
    operator_id bigint NOT NULL REFERENCES operator,
    length_m    numeric(5, 1) NOT NULL CHECK (length_m > 0)
);

CREATE INDEX vessel_operator ON vessel (operator_id);
