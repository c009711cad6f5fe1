package dev.millrace.samples;

/**
 * What a customer bought.
 *
 * @param cents the price of all of it
 */
public record Order(long id, String customer, String item, int quantity, long cents) {
}
