CREATE TABLE berths (ship bigint REFERENCES ships, size size)
