import { z } from 'zod'
import { type MaskMethod, maskMethod } from './decision.ts'

/** What the policy in force says of labels, for those who show values outside of a judgement. */
export interface LabelTreatment {
  /** The groups that see the label clear; empty where the policy does not know it. */
  clearTo(label: string): readonly string[]
  /** The strictest method of the given labels. */
  methodFor(labels: readonly string[]): MaskMethod
}

/** The data of policies/data/labels.yaml, as the rules read it. */
const labelData = z.object({
  labels: z.record(z.string(), z.object({ method: maskMethod, clear_to: z.array(z.string()) })),
})

/** As in masking/labelled_columns.rego. */
const strictness: readonly MaskMethod[] = ['null', 'redact', 'year', 'last4', 'email']

/** @param data JSON, as OPA merged it; what cannot be read shows nothing to anybody */
export function labelTreatment(data: string): LabelTreatment {
  const parsed = labelData.safeParse(read(data))
  const labels = new Map(Object.entries(parsed.success ? parsed.data.labels : {}))
  return {
    clearTo: (label) => labels.get(label)?.clear_to ?? [],
    methodFor: (of) => {
      const methods = of.map((label) => labels.get(label)?.method ?? 'null')
      return strictness.find((method) => methods.includes(method)) ?? 'null'
    },
  }
}

function read(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
