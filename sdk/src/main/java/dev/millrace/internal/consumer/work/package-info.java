/** From an admitted record to its completion: order, threads, the user's handler. Calls nothing above; what happened is posted. */
package dev.millrace.internal.consumer.work;
