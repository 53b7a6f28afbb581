DROP INDEX "Ship_name_key"; ALTER TABLE "Ship" DROP COLUMN "price";
