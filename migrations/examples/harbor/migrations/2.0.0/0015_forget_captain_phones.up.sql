-- sealift: irreversible captains' phone numbers are erased for good, as data protection demands
-- sealift: phase after
-- sealift: ack drop-column  that they are gone is what this is for
--
-- The new application does not ask for them any more. A down could bring the column back, but not
-- one number: that would only look like a way back.

ALTER TABLE booking DROP COLUMN captain_phone;
