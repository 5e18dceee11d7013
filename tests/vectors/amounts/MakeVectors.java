import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes java.json: amounts as Java writes them, and similar texts. It groups them by the value that
 * Java's BigDecimal reads.
 *
 * <p>{@code java MakeVectors.java > java.json} makes the same file in every run. The tests read it
 * and need no Java. Digits of other scripts are left out: Java reads them but never writes them, and
 * koohook does not read them.
 */
public class MakeVectors {
    private static final String[] SIGNS = {"", "-", "+"};
    private static final String[] DIGITS = {
        "0", "00", "0.", ".0", "0.00", "1", "7.", ".5", "0.05", "12.78", "299.000", "000.100",
        "123456789012345678", "1234567890123456789012345678901234567890"
    };
    private static final String[] EXPONENTS = {
        "", "E2", "e2", "E+2", "e-7", "E0", "E-0", "E0000000000000000000005",
        "E2147483646", "E2147483647", "E+2147483647", "E2147483648", "E2147483649",
        "E-2147483646", "E-2147483647", "E-2147483648", "E-2147483649", "E9999999999",
        "E12345678901", "E-99999999999999999999", "E", "E+", "E-", "E1.5", "E 2", "E2 ", "EE2",
        "E2E2", "E+-2", "E++2"
    };
    private static final String[] BROKEN = {
        ".", "", "1.2.3", "1_0", "1,5", "0x10", "1f", "1d", "1L", "NaN", "Infinity", "null", " 1",
        "1 ", "1 0", "--1", "+-1", "1-"
    };

    private static final Map<String, TreeSet<String>> texts = new TreeMap<>();

    public static void main(String[] arguments) {
        for (String sign : SIGNS) {
            for (String digits : DIGITS) {
                for (String exponent : EXPONENTS) {
                    add(sign + digits + exponent);
                }
            }
            for (String digits : BROKEN) {
                add(sign + digits);
                add(sign + digits + "E2");
            }
        }
        Random random = new Random(20261005);
        for (int number = 0; number < 100; number++) {
            int unscaled = random.nextInt(20000) - 10000;
            BigDecimal amount = BigDecimal.valueOf(unscaled, random.nextInt(40) - 15);
            add(amount.toString());
            add(amount.toPlainString());
            add(amount.toEngineeringString());
            add(amount.stripTrailingZeros().toString());
            add(Double.toString(amount.doubleValue()));
        }
        List<String> lists = new ArrayList<>();
        texts.forEach((read, list) -> lists.add(list(read, list)));
        System.out.println("{\n" + String.join(",\n", lists) + "\n}");
    }

    private static void add(String text) {
        // An empty parameter is an absent one.
        if (!text.isBlank()) {
            texts.computeIfAbsent(read(text), unused -> new TreeSet<>()).add(text);
        }
    }

    private static String read(String text) {
        try {
            return new String[] {"negative", "zero", "positive"}[new BigDecimal(text).signum() + 1];
        } catch (NumberFormatException fault) {
            return "unreadable";
        }
    }

    private static String list(String name, TreeSet<String> list) {
        return "  \"" + name + "\": [\n    \"" + String.join("\",\n    \"", list) + "\"\n  ]";
    }
}
