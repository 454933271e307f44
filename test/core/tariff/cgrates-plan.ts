/*
 * A tariff plan in the layout of CGRateS, written for this project: an office subscriber with prices
 * of its own to one number, and everybody else's by prefix, weekday and time of day.
 */

export const PLAN: Readonly<Record<string, string>> = {
  "Destinations.csv": `#Id,Prefix
TOWN,10
OFFICE,1002
ISLANDS,20
ISLANDS,30
SHORE,20
ANSWERING,voicemail
`,
  "Rates.csv": `#Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart
# a minute to begin with, then by the second
R_DAY,0.2,1.2,1m,60s,0
R_DAY,,1.2,1m,1s,1m
R_NIGHT,0.1,0.01,1s,1s,0s
R_LONG,0.4,0.2,60s,60s,0s
R_LONG,0,0.1,60s,1s,60s
R_FREE,0,0,1m,1m,0
R_KIB,0,1,1024,1024,0
R_EACH,0,0.1,1,1,0
R_EACH2,0,0.2,1,1,0
R_TINY,0,0.00000000015,1024,1,0
`,
  "DestinationRates.csv": `#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy
D_TOWN_DAY,TOWN,R_DAY,*up,4,,
D_TOWN_NIGHT,TOWN,R_NIGHT,*up,4,,
D_ISLANDS,ISLANDS,R_LONG,*middle,2,,
D_SHORE,SHORE,R_NIGHT,*up,4,5,*free
D_ANSWERING,ANSWERING,R_FREE,*up,4,,
D_OFFICE,OFFICE,R_NIGHT,*up,4,,
D_ANY_DATA,*any,R_KIB,*up,4,,
D_SMS,TOWN,R_EACH2,*up,4,,
D_SMS_OFFICE,OFFICE,R_EACH,*up,4,,
`,
  "Timings.csv": `#Tag,Years,Months,MonthDays,WeekDays,Time
DAY,*any,*any,*any,1;2;3;4;5,08:00:00
MORNING,*any,*any,*any,1;2;3;4;5,00:00:00
EVENING,*any,*any,*any,1;2;3;4;5,19:00:00
WEEKEND,*any,*any,*any,6;7,00:00:00
FIRST_OF_YEAR,*any,1,1,*any,00:00:00
`,
  "RatingPlans.csv": `#Id,DestinationRatesId,TimingTag,Weight
P_ALL,D_TOWN_DAY,DAY,10
P_ALL,D_TOWN_NIGHT,MORNING,10
P_ALL,D_TOWN_NIGHT,EVENING,10
P_ALL,D_TOWN_NIGHT,WEEKEND,10
P_ALL,D_ISLANDS,*any,10
P_ALL,D_SHORE,FIRST_OF_YEAR,20
P_ALL,D_ANSWERING,*any,10
P_OFFICE,D_OFFICE,*any,10
P_DATA,D_ANY_DATA,*any,10
P_SMS,D_SMS,*any,10
P_SMS,D_SMS_OFFICE,*any,10
`,
  "RatingProfiles.csv": `#Tenant,Category,Subject,ActivationTime,RatingPlanId,RatesFallbackSubject
example.org,call,*any,2019-03-01T00:00:00Z,P_ALL,
example.org,call,1001,2019-03-01T00:00:00Z,P_OFFICE,*any
example.org,data,*any,2019-03-01T00:00:00Z,P_DATA,
example.org,sms,*any,2019-03-01T00:00:00Z,P_SMS,
example.org,lift,*any,2019-03-01T00:00:00Z,P_DATA,
`,
};

/** The plan's files, with some of them changed. */
export function planFiles(
  changes: Partial<Record<string, (text: string) => string>> = {},
): Map<string, Uint8Array> {
  return new Map(
    Object.entries(PLAN).map(([name, text]) => [
      name,
      new TextEncoder().encode(changes[name]?.(text) ?? text),
    ]),
  );
}
