-- about the draught of ships

-- +goose Up
ALTER TABLE ship ADD COLUMN draught numeric(6,2); -- metres; above zero
-- +goose Down
-- there is no way back
