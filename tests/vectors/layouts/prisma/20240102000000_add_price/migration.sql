-- AlterTable
ALTER TABLE "Ship" ADD COLUMN     "price" DECIMAL(65,30);

-- CreateIndex
CREATE UNIQUE INDEX "Ship_name_key" ON "Ship"("name");
