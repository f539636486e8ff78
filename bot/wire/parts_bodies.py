"""How the messages number what several of them share: contracts, legs, orders, their states, executions.

Rule: only names in the order of their numbers; ``-`` passes over a number that nothing here fills. Numbers and wire types are
facts of IB's published descriptions (its API 10.46 and 10.51); the values are those of the text layouts.
"""

from __future__ import annotations

from bot.wire.bodies import Block, Legs, One, Options, Repeat

__all__ = [
    "CONTRACT",
    "CONTRACT_DETAILS",
    "EXECUTION_FIELDS",
    "ORDER",
    "ORDER_CANCEL",
    "ORDER_STATE",
    "SCANNER_SUBSCRIPTION",
    "TAGS",
]

TAGS = Block("tag value")
"""A map's entry."""

CONTRACT = Block(
    "conId symbol secType lastTradeDateOrContractMonth strike right multiplier:d exchange primaryExchange currency",
    "localSymbol tradingClass secIdType secId description issuerId",
    One("deltaNeutralContract", Block("conId delta price")),
    "includeExpired comboLegsDescrip",
    Legs(
        "comboLegs",
        Block("conId ratio action exchange openClose shortSaleSlot designatedLocation exemptCode"),
    ),
    "lastTradeDate",
)

_CONDITION = Block(
    "condType conjunction:c isMore conId exch symbol secType percent changePercent price triggerMethod time volume"
)

ORDER = Block(
    "clientId orderId permId parentId action totalQuantity:s displaySize orderType lmtPrice auxPrice",
    "tif account settlingFirm clearingAccount clearingIntent allOrNone blockOrder hidden outsideRth sweepToFill",
    "percentOffset trailingPercent trailStopPrice minQty goodAfterTime goodTillDate ocaGroup orderRef rule80A ocaType",
    "triggerMethod activeStartTime activeStopTime faGroup faMethod faPercentage volatility volatilityType",
    "continuousUpdate referencePriceType deltaNeutralOrderType deltaNeutralAuxPrice deltaNeutralConId",
    "deltaNeutralOpenClose deltaNeutralShortSale deltaNeutralShortSaleSlot deltaNeutralDesignatedLocation",
    "scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement scalePriceAdjustValue scalePriceAdjustInterval",
    "scaleProfitOffset scaleAutoReset scaleInitPosition scaleInitFillQty scaleRandomPercent scaleTable",
    "hedgeType hedgeParam algoStrategy",
    Repeat("algoParams", TAGS),
    "algoId",
    Repeat("smartComboRoutingParams", TAGS),
    "whatIf transmit overridePercentageConstraints openClose origin shortSaleSlot designatedLocation exemptCode",
    "deltaNeutralSettlingFirm deltaNeutralClearingAccount deltaNeutralClearingIntent discretionaryAmt",
    "optOutSmartRouting startingPrice stockRefPrice delta stockRangeLower stockRangeUpper notHeld",
    Options("orderMiscOptions"),
    "solicited randomizeSize randomizePrice referenceContractId peggedChangeAmount isPeggedChangeAmountDecrease",
    "referenceChangeAmount referenceExchangeId adjustedOrderType triggerPrice adjustedStopPrice",
    "adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit lmtPriceOffset",
    Repeat("conditions", _CONDITION),
    "conditionsCancelOrder conditionsIgnoreRth modelCode extOperator",
    Block("softDollarTierName softDollarTierVal softDollarTierDisplayName"),
    "cashQty mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo",
    "dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice autoCancelDate filledQuantity:s",
    "refFuturesConId autoCancelParent shareholder imbalanceOnly routeMarketableToBbo:i parentPermId",
    "usePriceMgmtAlgo:i duration postToAts advancedErrorOverride manualOrderTime minTradeQty minCompeteSize",
    "competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf customerAccount professionalCustomer",
    "bondAccruedInterest includeOvernight manualOrderIndicator submitter deactivate postOnly allowPreOpen",
    "ignoreOpenAuction seekPriceImprovement whatIfType hedgeMaxSize conditionsIncludeOvernight",
)

ORDER_CANCEL = Block("manualCancelOrderTime extOperator manualOrderIndicator")

ORDER_STATE = Block(
    "status initMarginBefore maintMarginBefore equityWithLoanBefore initMarginChange maintMarginChange",
    "equityWithLoanChange initMarginAfter maintMarginAfter equityWithLoanAfter commission minCommission maxCommission",
    "commissionCurrency marginCurrency initMarginBeforeOutsideRTH maintMarginBeforeOutsideRTH",
    "equityWithLoanBeforeOutsideRTH initMarginChangeOutsideRTH maintMarginChangeOutsideRTH",
    "equityWithLoanChangeOutsideRTH initMarginAfterOutsideRTH maintMarginAfterOutsideRTH",
    "equityWithLoanAfterOutsideRTH suggestedSize:s rejectReason",
    Repeat(
        "orderAllocations",
        Block(
            "account position:s positionDesired:s positionAfter:s desiredAllocQty:s allowedAllocQty:s isMonetary"
        ),
    ),
    "warningText completedTime completedStatus",
)

EXECUTION_FIELDS = Block(
    "orderId execId time acctNumber execExchange side shares:s price permId clientId liquidation:b cumQty:s avgPrice",
    "orderRef evRule evMultiplier modelCode lastLiquidity pendingPriceRevision submitter",
)

CONTRACT_DETAILS = Block(
    "marketName minTick:s orderTypes validExchanges priceMagnifier underConId longName contractMonth industry category",
    "subcategory timeZoneId tradingHours liquidHours evRule evMultiplier:d",
    Repeat("secIdList", TAGS),
    "aggGroup underSymbol underSecType marketRuleIds realExpirationDate stockType minSize:s sizeIncrement:s",
    "suggestedSizeIncrement:s fundName fundFamily fundType fundFrontLoad fundBackLoad fundBackLoadTimeInterval",
    "fundManagementFee fundClosed fundClosedForNewInvestors fundClosedForNewMoney fundNotifyAmount",
    "fundMinimumInitialPurchase fundSubsequentMinimumPurchase fundBlueSkyStates fundBlueSkyTerritories",
    "fundDistributionPolicyIndicator fundAssetType cusip issueDate ratings bondType coupon couponType",
    "convertible callable putable descAppend nextOptionDate nextOptionType nextOptionPartial notes",
    Repeat("ineligibilityReasons", Block("id description")),
)

SCANNER_SUBSCRIPTION = Block(
    "numberOfRows instrument locationCode scanCode abovePrice belowPrice aboveVolume marketCapAbove marketCapBelow",
    "moodyRatingAbove moodyRatingBelow spRatingAbove spRatingBelow maturityDateAbove maturityDateBelow",
    "couponRateAbove couponRateBelow excludeConvertible averageOptionVolumeAbove scannerSettingPairs stockTypeFilter",
    Options("filterOptions"),
    Options("subscriptionOptions"),
)
