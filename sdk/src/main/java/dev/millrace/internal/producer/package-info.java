/** The producer engine; its floors are the packages below. */
package dev.millrace.internal.producer;
