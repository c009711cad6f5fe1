/** Typed settings of the parallel consumer. */
package dev.millrace.internal.consumer.config;
