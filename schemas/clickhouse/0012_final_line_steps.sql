-- What a charge's rules did to a line's amount after its tiers, kept with the line when it is frozen.

ALTER TABLE highwater_store.final_lines
    ADD COLUMN IF NOT EXISTS `steps.step` Array(String) COMMENT 'What changed the tiers'' amount, in order: free_units, discount, minimum or maximum; the four steps columns belong together.' AFTER `tiers.amount_unrounded`,
    ADD COLUMN IF NOT EXISTS `steps.discount` Array(UInt32) COMMENT 'Which of the charge''s discounts, counted from 0; 0 for every other step.' AFTER `steps.step`,
    ADD COLUMN IF NOT EXISTS `steps.quantity` Array(Decimal(38, 9)) COMMENT 'How many units were free, below zero in a reversal; 0 for every other step.' AFTER `steps.discount`,
    ADD COLUMN IF NOT EXISTS `steps.amount_unrounded` Array(Decimal(38, 18)) COMMENT 'What the step added or, below zero, took off, in units of the currency, before rounding; the other way round in a reversal.' AFTER `steps.quantity`;
