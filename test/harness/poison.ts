import { poisonWhatWasRead } from '../../proxy/wire/own-reads.ts'

/**
 * In every test, and in every Holdpoint that a test starts: what was read is overwritten as soon as its buffer is lent to
 * the kernel again, so that a message, a row or a record which still refers to it cannot be what the test expects.
 */
poisonWhatWasRead()
